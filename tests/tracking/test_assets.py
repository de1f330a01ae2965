from uuid import UUID

import pytest
from django.core.files.base import ContentFile

from tests.factories import AssetFactory
from tracking import passes
from tracking.models import Kind, Subject

VISITOR = "1f0e1a52-7a8e-4f4c-9d5a-0d7d6b1f2a3c"


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def guide(db):
    asset = AssetFactory(name="Guide", url="")
    asset.file.save("guide.pdf", ContentFile(b"%PDF-1.7"))
    return asset


@pytest.fixture
def gated(guide, form):
    guide.gate = form
    guide.save()
    return guide


def test_a_file_is_handed_over_as_a_download_and_recorded(client, guide, recorded, rings):
    client.cookies["bareme_browser"] = VISITOR

    response = client.get(f"/a/{guide.public_id}")

    assert (response.status_code, response.getvalue()) == (200, b"%PDF-1.7")
    assert response["Content-Disposition"] == 'attachment; filename="guide.pdf"'
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert recorded("kind", "subject_id", "visitor_id") == [
        {
            "kind": Kind.ASSET_DOWNLOADED,
            "subject_id": Subject.objects.get(type="asset", ref_id=guide.pk).pk,
            "visitor_id": UUID(VISITOR),
        }
    ]
    assert rings == ["ring"]


def test_an_address_elsewhere_is_a_redirect(client, db, recorded):
    asset = AssetFactory(url="https://files.example/é.pdf")

    response = client.get(f"/a/{asset.public_id}?bm={passes.issue(7)}")

    assert (response.status_code, response["Location"]) == (302, "https://files.example/%C3%A9.pdf")
    assert recorded("kind", "contact_id") == [{"kind": Kind.ASSET_DOWNLOADED, "contact_id": 7}]


def test_a_head_hands_over_nothing(client, guide, recorded):
    assert client.head(f"/a/{guide.public_id}").status_code == 200
    assert recorded("id") == []


def test_behind_a_form_the_file_comes_after_the_answers_and_counts_once(client, gated, form, nonce, recorded):
    path = f"/a/{gated.public_id}"
    asked = client.get(path)
    posted = client.post(path, {"bareme_nonce": nonce(form), "email": "ada@example.com"})
    thanks = client.get(posted["Location"])
    download = thanks.text.partition('class="bareme-button" href="')[2].partition('"')[0]

    assert ("<h1>Guide</h1>" in asked.text, "<form" in asked.text) == (True, True)
    assert (posted.status_code, thanks.status_code) == (303, 200)
    assert [client.get(download).getvalue() for _ in range(2)] == [b"%PDF-1.7", b"%PDF-1.7"]
    submitted, downloaded = recorded("kind", "visitor_id")
    assert (submitted["kind"], downloaded["kind"]) == (Kind.FORM_SUBMITTED, Kind.ASSET_DOWNLOADED)
    assert submitted["visitor_id"] == downloaded["visitor_id"]


def test_a_wrong_answer_opens_nothing(client, gated, form, nonce, recorded):
    response = client.post(f"/a/{gated.public_id}", {"bareme_nonce": nonce(form), "email": "nobody"})

    assert (response.status_code, "<form" in response.text) == (422, True)
    assert recorded("id") == []


@pytest.mark.parametrize("token", ["x", "", "%00", "A" * 60])
def test_a_grant_cannot_be_forged(client, gated, recorded, token):
    assert "<form" in client.get(f"/a/{gated.public_id}?g={token}").text
    assert recorded("id") == []


def test_a_grant_is_for_one_asset_and_for_an_hour(client, gated, form, time_machine):
    from tracking import nonces

    time_machine.move_to("2026-05-01T09:30:00Z")
    other = AssetFactory(gate=form)
    grant = nonces.grant(gated, UUID(VISITOR))

    assert client.get(f"/a/{gated.public_id}?g={grant}").getvalue() == b"%PDF-1.7"
    assert "<form" in client.get(f"/a/{other.public_id}?g={grant}").text
    time_machine.shift(3602)
    assert "<form" in client.get(f"/a/{gated.public_id}?g={grant}").text


@pytest.mark.parametrize(
    "fields",
    [
        {"is_active": False},
        {"file": "assets/gone.pdf"},
        {"file": "", "url": ""},
        {"file": "", "url": "ftp://x.example"},
    ],
)
def test_what_is_not_there_is_a_friendly_404_and_no_download(client, guide, recorded, fields):
    for name, value in fields.items():
        setattr(guide, name, value)
    guide.save()

    assert client.get(f"/a/{guide.public_id}").status_code == 404
    assert recorded("id") == []
