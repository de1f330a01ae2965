"""Files that visitors send: what they are by their content, where they are kept, and what is refused."""

import io
import zipfile
from uuid import UUID

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.factories import FormFieldFactory
from tests.threads import at_once
from tests.tracking.conftest import PNG
from tracking import uploads
from tracking.models import Hit, Upload

PDF = b"%PDF-1.7\n%\xe2\xe3\n1 0 obj"


def archive(*names, **contents):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as packed:
        for name in names:
            packed.writestr(name, contents.get(name, b"x"))
    return file.getvalue()


DOCX = archive("[Content_Types].xml", "word/document.xml")
ODT = archive("mimetype", "content.xml", mimetype=b"application/vnd.oasis.opendocument.text")


@pytest.fixture
def send(client, form, nonce):
    FormFieldFactory(form=form, key="file", type="file", required=True, options={"megabytes": "1"})

    def send(content, name="a.pdf", **values):
        file = content if hasattr(content, "read") else SimpleUploadedFile(name, content)
        values = {"bareme_nonce": nonce(form), "email": "a@example.com", "file": file, **values}
        return client.post(f"/f/{form.public_id}", values, headers={"accept": "application/json"})

    return send


@pytest.mark.parametrize(
    ("content", "name", "kept"),
    [
        (PNG, "a.png", "a.png"),
        (PNG, "a.html", "a.png"),
        (b"\xff\xd8\xff\xe0" + bytes(9), "photo.JPEG", "photo.jpg"),
        (b"GIF89a<script>alert(1)</script>", "a.php", "a.gif"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "a", "a.webp"),
        (PDF, "plan.pdf", "plan.pdf"),
        (PDF, "../../etc/passwd", "passwd.pdf"),
        (PDF, "..\\..\\windows\\x.exe", "x.pdf"),
        (PDF, "\u202egpj.exe", "gpj.pdf"),
        (PDF, "." * 20, "file.pdf"),
        (PDF, "é" * 300 + ".pdf", "é" * 100 + ".pdf"),
        (DOCX, "letter.docx", "letter.docx"),
        (ODT, "letter.odt", "letter.odt"),
        (b"a;b\r\n1;2\r\n", "list.csv", "list.csv"),
        ("héhé".encode(), "note.md", "note.txt"),
    ],
)
def test_a_file_is_what_its_content_says_and_keeps_only_a_harmless_name(
    send, recorded, upload_root, content, name, kept
):
    class Named(io.BytesIO):
        pass

    file = Named(content)
    file.name = name
    assert send(file).status_code == 200

    row = Upload.objects.get()
    (stored,) = [path for path in upload_root.rglob("*") if path.is_file()]
    assert (row.name, row.size, recorded("data")[0]["data"]["answers"]["file"]) == (kept, len(content), kept)
    assert (stored.read_bytes(), stored.name, stored.suffix) == (content, row.pk.hex, "")
    assert stored.stat().st_mode & 0o177 == 0


def test_controls_never_reach_a_name():
    assert uploads.clean_name('a"\r\nX: y\x00\u2066\u200b.exe', "pdf") == 'a"X: y.pdf'


@pytest.mark.parametrize(
    "content",
    [
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b"\xef\xbb\xbf  <!DOCTYPE html><script>alert(1)</script>",
        b"hello <script>alert(1)</script>",
        b"<?php system('id');",
        b"#!/bin/sh\x00",
        b"MZ\x90\x00\x03\x00\x00\x00",
        b"\x7fELF\x02\x01\x01\x00",
        b"PK\x03\x04 broken",
        archive("evil.exe"),
        archive("[Content_Types].xml", "word/document.xml", "word/vbaProject.bin"),
        archive("mimetype", "Basic/x.xml", mimetype=b"application/vnd.oasis.opendocument.text"),
        archive("META-INF/MANIFEST.MF", "A.class"),
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(50),
        b"x" * 100_000 + b"<" + b"html>",
    ],
)
def test_what_could_run_is_refused_whatever_it_is_called(send, upload_root, content):
    for name in ("a.pdf", "a.png", "a.txt"):
        response = send(content, name)
        assert (response.status_code, list(response.json()["errors"])) == (422, ["file"])
    assert (Upload.objects.count(), Hit.objects.count(), list(upload_root.glob("*"))) == (0, 0, [])


def test_a_field_takes_only_the_kinds_it_names(send, form):
    form.fields.filter(key="file").update(options={"kinds": ["image"]})

    assert send(PDF).json()["errors"] == {"file": ["This file cannot be accepted. Possible are: Images."]}
    assert send(PNG).status_code == 200


def test_a_file_that_is_missing_empty_or_too_large_is_an_error_at_its_field(send):
    assert send(b"").json()["errors"] == {"file": ["The submitted file is empty."]}
    large = send(PDF + bytes(1_000_000)).json()["errors"]
    assert large == {"file": ["This file is too large: at most 976.6\xa0KB are accepted."]}
    assert send(PDF + bytes(2_000_000)).status_code == 413
    assert Upload.objects.count() == 0


def test_far_too_large_files_are_refused_unread_in_words_for_people(send):
    answer = send(PDF + bytes(2_000_000))

    assert answer.status_code == 413
    assert answer.json()["error"] == "This file is too large: at most 976.6\xa0KB are accepted."


def test_a_name_alone_is_no_file(client, form, nonce):
    FormFieldFactory(form=form, key="file", type="file", required=True)
    body = {"bareme_nonce": nonce(form), "email": "a@example.com", "file": "plan.pdf"}

    response = client.post(f"/f/{form.public_id}", body, content_type="application/json")

    assert response.json()["errors"] == {"file": ["This field is required."]}


def test_files_for_a_form_that_wants_none_are_ignored(client, form, nonce, upload_root):
    values = {"bareme_nonce": nonce(form), "email": "a@example.com", "x": SimpleUploadedFile("a.pdf", PDF)}

    assert client.post(f"/f/{form.public_id}", values).status_code == 303
    assert (Upload.objects.count(), list(upload_root.glob("*"))) == (0, [])


def test_the_same_press_twice_keeps_one_file_and_another_file_is_another_submission(client, form, nonce, upload_root):
    FormFieldFactory(form=form, key="file", type="file")
    values = {"bareme_nonce": nonce(form), "email": "a@example.com"}
    for content in (PDF, PDF, PDF + b"2"):
        client.post(f"/f/{form.public_id}", values | {"file": SimpleUploadedFile("a.pdf", content)})

    assert (Upload.objects.count(), Hit.objects.count()) == (2, 2)
    assert sum(path.is_file() for path in upload_root.rglob("*")) == 2


def test_no_file_is_left_where_the_post_could_not_be_recorded(send, upload_root, monkeypatch):
    from django.db import OperationalError

    def away(hit):
        raise OperationalError("gone")

    monkeypatch.setattr("tracking.hits.record", away)

    assert send(PDF).status_code == 503
    assert (Upload.objects.count(), [path for path in upload_root.rglob("*") if path.is_file()]) == (0, [])


@pytest.mark.django_db(transaction=True)
def test_two_posts_at_once_keep_one_file(form, upload_root):
    files = [uploads.check(SimpleUploadedFile("a.pdf", PDF), ["pdf"]) for _post in range(2)]

    at_once(lambda number: uploads.keep(form, UUID(int=7), {"file": files[number]}), 2)

    assert Upload.objects.count() == 1
    assert [path.name for path in upload_root.rglob("*") if path.is_file()] == [Upload.objects.get().pk.hex]
