from io import BytesIO

import pytest
from django.contrib.auth.models import Permission
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from tests.factories import UserFactory
from tracking import images
from tracking.models import PageImage

UPLOAD = "/admin/tracking/landingpage/upload/"


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def picture(kind="PNG", size=(8, 6)):
    buffer = BytesIO()
    Image.new("RGB", size, "red").save(buffer, kind)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("kind", "type"), [("PNG", "image/png"), ("JPEG", "image/jpeg"), ("GIF", "image/gif"), ("WEBP", "image/webp")]
)
def test_an_image_is_served_as_what_it_is_whatever_it_was_called(client, db, kind, type):
    image = images.add(SimpleUploadedFile("page.html", picture(kind), content_type="text/html"))

    response = client.get(f"/p/image/{image.public_id}")

    assert (image.width, image.height) == (8, 6)
    assert (response.status_code, response["Content-Type"]) == (200, type)
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert b"".join(response.streaming_content) == picture(kind)


@pytest.mark.parametrize(
    "content",
    [
        b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
        b"<html><script>alert(1)</script>",
        b"GIF89a<script>alert(1)</script>",
        b"%PDF-1.4",
        b"",
        picture()[:40],
        picture(size=(6001, 1)),
        picture() + b"\0" * images.MAX_BYTES,
    ],
)
def test_what_is_no_image_or_too_large_is_refused(db, content):
    with pytest.raises(ValidationError):
        images.add(SimpleUploadedFile("a.png", content, content_type="image/png"))

    assert not PageImage.objects.exists()


@pytest.mark.parametrize("name", ["nothing", "x" * 300])
def test_an_unknown_image_is_a_404(client, db, name):
    assert client.get(f"/p/image/{name}").status_code == 404


def test_an_image_whose_file_is_gone_is_a_404(client, db):
    image = images.add(SimpleUploadedFile("a.png", picture()))
    image.file.delete(save=False)

    assert client.get(f"/p/image/{image.public_id}").status_code == 404


def test_only_who_may_change_pages_adds_images(client, db):
    reader, writer = UserFactory(), UserFactory()
    reader.user_permissions.add(Permission.objects.get(codename="view_landingpage"))
    writer.user_permissions.add(*Permission.objects.filter(codename__in=["view_landingpage", "change_landingpage"]))
    statuses = []
    for user in (UserFactory(), reader, writer):
        client.force_login(user)
        statuses.append(client.post(UPLOAD, {"file": SimpleUploadedFile("a.png", picture())}).status_code)

    assert (statuses, PageImage.objects.count()) == ([403, 403, 200], 1)
    assert client.post(UPLOAD, {"file": SimpleUploadedFile("a.svg", b"<svg/>")}).status_code == 422
    assert client.post(UPLOAD).status_code == 422
