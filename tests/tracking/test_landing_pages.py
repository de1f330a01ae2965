from datetime import timedelta
from uuid import UUID

import pytest
from django.contrib.auth.models import Permission
from django.db import OperationalError
from django.utils import timezone

from tests.factories import LandingPageFactory, UserFactory
from tracking import hits, passes
from tracking.models import Kind, Subject
from tracking.sections import new_row

VISITOR = "1f0e1a52-7a8e-4f4c-9d5a-0d7d6b1f2a3c"


@pytest.fixture
def page(form):
    return LandingPageFactory(title="Offer", slug="offer", form=form, sections=[new_row("html", html="<p>Hello</p>")])


def test_a_visit_is_recorded_once_shown(client, page, recorded, rings):
    client.cookies["bareme_browser"] = VISITOR

    response = client.get("/p/offer?utm_source=mail&x=1", headers={"referer": "https://search.example/"})

    assert response.status_code == 200
    assert recorded("kind", "subject_id", "visitor_id", "contact_id", "url", "data") == [
        {
            "kind": Kind.LANDING_PAGE_VISITED,
            "subject_id": Subject.objects.get(type="landing_page", ref_id=page.pk).pk,
            "visitor_id": UUID(VISITOR),
            "contact_id": None,
            "url": "http://testserver/p/offer",
            "data": {"title": "Offer", "referrer": "https://search.example/", "utm": {"source": "mail"}},
        }
    ]
    assert rings == ["ring"]


def test_who_comes_by_a_tracked_link_is_known(client, page, recorded):
    client.get(f"/p/offer?bm={passes.issue(7)}")
    client.get("/p/offer?bm=forged")

    assert recorded("contact_id", "visitor_id") == [
        {"contact_id": 7, "visitor_id": None},
        {"contact_id": None, "visitor_id": None},
    ]


def test_a_new_browser_gets_an_id_only_where_it_may(client, page, recorded, settings):
    settings.CONSENT_REQUIRED = ["web_tracking"]
    assert client.get("/p/offer").cookies.keys() == set()
    settings.CONSENT_REQUIRED = []
    cookie = client.get("/p/offer").cookies["bareme_browser"]

    assert recorded("visitor_id") == [{"visitor_id": None}, {"visitor_id": UUID(cookie.value)}]


@pytest.mark.parametrize("header", ["DNT", "Sec-GPC"])
def test_a_refusal_is_honoured(client, page, recorded, free, header):
    response = client.get("/p/offer", headers={header: "1"})

    assert (response.status_code, response.cookies.keys()) == (200, set())
    assert recorded("id") == []


def test_what_could_run_is_taken_out_of_the_text(client, page):
    html = (
        '<h2 class="big" onclick="x()">A</h2><script>alert(1)</script><img src=x onerror=alert(1)>'
        '<a href="javascript:x">B</a><iframe src="//evil"></iframe><form action="//evil"><input></form><style>*{}</style>'
    )
    page.form, page.sections = None, [new_row("html", html=html)]
    page.title = "<b>T</b>"
    page.save()

    text = client.get("/p/offer").text

    assert '<div class="body"><h2 class="big">A</h2><img src="x"><a rel="noopener">B</a></div>' in text
    assert "<h1>&lt;b&gt;T&lt;/b&gt;</h1>" in text


def test_headers_forbid_frames_and_anything_inline(client, page):
    policy = client.get("/p/offer")["Content-Security-Policy"]

    assert ("frame-ancestors 'self'" in policy, "unsafe" in policy) == (True, False)


def test_the_form_inside_is_posted_and_thanked_on_the_page_itself(client, page, form, nonce, recorded):
    response = client.post("/p/offer", {"bareme_nonce": nonce(form), "email": "ada@example.com"})
    thanks = client.get(response["Location"])

    assert (response.status_code, response["Location"][:15]) == (303, "/p/offer?sent=A"[:15])
    assert ("Thank you!" in thanks.text, "<p>Hello</p>" in thanks.text, "<form" in thanks.text) == (True, True, False)
    assert [hit["kind"] for hit in recorded("kind")] == [Kind.FORM_SUBMITTED]


def test_errors_come_back_on_the_page_itself(client, page, form, nonce, recorded):
    response = client.post("/p/offer", {"bareme_nonce": nonce(form), "email": "nobody"})

    assert (response.status_code, "<p>Hello</p>" in response.text) == (422, True)
    assert "Enter a valid email address." in response.text
    assert recorded("id") == []


@pytest.mark.parametrize(
    "fields",
    [
        {"is_published": False},
        {"publish_from": timezone.now() + timedelta(days=1)},
        {"publish_until": timezone.now() - timedelta(days=1)},
    ],
)
def test_outside_its_window_a_page_is_not_there_but_for_staff_in_preview(client, page, recorded, fields):
    for name, value in fields.items():
        setattr(page, name, value)
    page.save()
    reader = UserFactory()
    reader.user_permissions.add(Permission.objects.get(codename="view_landingpage"))

    assert client.get("/p/offer").status_code == 404
    assert client.get("/p/offer?preview=1").status_code == 404
    client.force_login(UserFactory())
    assert client.get("/p/offer?preview=1").status_code == 404
    client.force_login(reader)
    assert client.get("/p/offer").status_code == 404
    preview = client.get("/p/offer?preview=1")
    assert (preview.status_code, "only you and your colleagues" in preview.text) == (200, True)
    assert recorded("id") == []


def test_a_page_is_shown_also_when_recording_fails(client, page, monkeypatch):
    def fail(hit):
        raise OperationalError("gone")

    monkeypatch.setattr(hits, "record", fail)

    assert client.get("/p/offer").status_code == 200


@pytest.mark.parametrize("slug", ["nothing", "%00", "é", "x" * 500])
def test_an_unknown_page_is_a_friendly_404(client, db, slug):
    assert client.get(f"/p/{slug}").status_code == 404
