from uuid import UUID

import pytest
from django.db import OperationalError

from contacts import consent, merging
from tests.factories import ContactFactory, LinkFactory, SubjectFactory
from tracking import addresses, hits, passes, tokens
from tracking.models import Kind, Link, Subject
from tracking.tokens import Ref

VISITOR = "1f0e1a52-7a8e-4f4c-9d5a-0d7d6b1f2a3c"
OURS = "http://localhost:8000/p/offer"


def path(url):
    return url.removeprefix("http://localhost:8000")


@pytest.fixture
def link(db):
    return LinkFactory(url="https://shop.example/pricing?utm_source=mail")


@pytest.fixture
def click_path(link):
    return path(addresses.clicked(Ref(contact_id=7, subject_id=link.subject_id, message_id=9)))


def test_open_pixel_records_who_opened_which_message(client, recorded):
    email = SubjectFactory()

    response = client.get(path(addresses.opened(Ref(contact_id=7, subject_id=email.pk, message_id=9))))

    assert (response.status_code, response["Content-Type"], response.content[:6]) == (200, "image/gif", b"GIF89a")
    assert response["Cache-Control"] == "no-store, private"
    assert recorded("kind", "contact_id", "subject_id", "message_id", "visitor_id") == [
        {"kind": Kind.EMAIL_OPENED, "contact_id": 7, "subject_id": email.pk, "message_id": 9, "visitor_id": None}
    ]


def test_opening_twice_is_two_hits(client, recorded):
    url = path(addresses.opened(Ref(7, 1, 9)))
    client.get(url)
    client.get(url)

    assert recorded("kind") == [{"kind": Kind.EMAIL_OPENED}] * 2


def test_a_head_is_answered_and_recorded_as_one(client, recorded, click_path, free):
    assert client.head(path(addresses.opened(Ref(7, 1, 9)))).status_code == 200
    clicked = client.head(click_path)

    assert (clicked.status_code, clicked.cookies.keys()) == (302, set())
    assert recorded("kind", "data", "visitor_id") == [
        {"kind": Kind.EMAIL_OPENED, "data": {"method": "HEAD"}, "visitor_id": None},
        {"kind": Kind.EMAIL_CLICKED, "data": {"method": "HEAD"}, "visitor_id": None},
    ]


@pytest.mark.parametrize(
    ("header", "said"),
    [("Sec-Purpose", "prefetch;prerender"), ("Purpose", "prefetch"), ("X-Purpose", "Prefetch"), ("X-Moz", "prefetch")],
)
def test_a_prefetch_is_recorded_as_one_and_gets_no_cookie(client, recorded, click_path, free, header, said):
    response = client.get(click_path, headers={header: said})

    assert (response.status_code, response.cookies.keys()) == (302, set())
    assert recorded("data") == [{"data": {"prefetch": True}}]


def test_what_our_own_people_do_is_not_recorded(client, recorded, free):
    client.cookies["bareme_staff"] = "1"
    link = LinkFactory(url="http://localhost:8000/p/offer")

    clicked = client.get(path(addresses.clicked(Ref(7, link.subject_id, 9))))

    assert (clicked["Location"], clicked.cookies.keys()) == ("http://localhost:8000/p/offer", set())
    assert client.get(path(addresses.opened(Ref(7, 1, 9)))).status_code == 200
    assert client.get("/t/p.gif", {"u": "https://shop.example/a"}).status_code == 200
    assert recorded("kind") == []


@pytest.mark.parametrize("token", ["x", "AAAA", "a" * 500, "é", "%00", "..", "a.b", tokens.sign("click", 1, 2)])
def test_a_bad_open_token_is_a_404_that_still_is_a_pixel_or_a_page(client, recorded, token):
    assert client.get(f"/t/o/{token}.gif").status_code == 404
    assert recorded("kind") == []


def test_click_redirects_to_our_own_link_and_records_it(client, recorded, click_path, link, rings):
    client.cookies["bareme_browser"] = VISITOR

    response = client.get(click_path, headers={"user-agent": "Mozilla/5.0"}, REMOTE_ADDR="203.0.113.77")

    assert (response.status_code, response["Location"]) == (302, "https://shop.example/pricing?utm_source=mail")
    assert recorded("kind", "contact_id", "subject_id", "message_id", "visitor_id", "ip", "user_agent") == [
        {
            "kind": Kind.EMAIL_CLICKED,
            "contact_id": 7,
            "subject_id": link.subject_id,
            "message_id": 9,
            "visitor_id": UUID(VISITOR),
            "ip": "203.0.113.0",
            "user_agent": "Mozilla/5.0",
        }
    ]
    assert rings == ["ring"]


def test_click_in_an_sms_is_of_its_own_kind(client, recorded):
    link = LinkFactory(source__type=Subject.Type.SMS)

    client.get(path(addresses.clicked(Ref(7, link.subject_id, 9))))

    assert recorded("kind") == [{"kind": Kind.SMS_CLICKED}]


@pytest.mark.parametrize(
    "token",
    ["x", "A" * 48, "http://evil.example", "//evil.example", tokens.sign("open", 7, 1, 9), tokens.sign("click", 7)],
)
def test_click_with_a_bad_token_is_a_friendly_404_and_no_redirect(client, recorded, db, token):
    response = client.get(f"/t/c/{token}")

    assert (response.status_code, "Location" in response) == (404, False)
    assert "This page does not exist" in response.text
    assert recorded("kind") == []


def test_the_friendly_404_speaks_french_to_french_browsers(client, db):
    response = client.get("/t/c/x", headers={"accept-language": "fr"})

    assert response["Content-Language"] == "fr"
    assert '<html lang="fr">' in response.text


def test_click_on_a_link_that_was_deleted_is_a_friendly_404(client, recorded, click_path):
    Link.objects.all().delete()

    assert client.get(click_path).status_code == 404
    assert recorded("kind") == []


@pytest.mark.parametrize("url", ["javascript:alert(1)", "http://[", "data:text/html,x", "/admin/", ""])
def test_click_never_redirects_to_what_is_no_web_address(client, db, url):
    link = LinkFactory(url=url)

    assert client.get(path(addresses.clicked(Ref(7, link.subject_id, 9)))).status_code == 404


def test_click_redirects_to_addresses_with_accents_and_blanks(client, db):
    link = LinkFactory(url="https://shop.example/offre spéciale\r\nX: y")

    response = client.get(path(addresses.clicked(Ref(0, link.subject_id, 9))))

    assert response["Location"] == "https://shop.example/offre%20sp%C3%A9ciale%0D%0AX:%20y"


def test_click_redirects_also_when_recording_fails(client, click_path, monkeypatch, caplog):
    def fail(new):
        raise OperationalError("gone")

    monkeypatch.setattr(hits, "record_many", fail)

    assert client.get(click_path).status_code == 302
    assert "1 hits were lost" in caplog.text


def test_click_answers_politely_when_the_database_is_away(client, click_path, monkeypatch):
    def fail(*args, **kwargs):
        raise OperationalError("gone")

    monkeypatch.setattr(Link.objects, "select_related", fail)

    response = client.get(click_path)
    assert (response.status_code, response["Retry-After"]) == (503, "30")


def test_click_gives_our_own_pages_a_pass(client, db):
    link = LinkFactory(url="http://localhost:8000/p/offer?a=1#top")

    location = client.get(path(addresses.clicked(Ref(7, link.subject_id, 9))))["Location"]

    before, _, token = location.removesuffix("#top").partition("&bm=")
    assert before == "http://localhost:8000/p/offer?a=1"
    assert passes.contact_id(token) == 7


def test_click_gives_a_pass_to_sites_our_script_runs_on_and_to_no_others(client, db):
    SubjectFactory(type=Subject.Type.PAGE, key="shop.example/", host="shop.example", path="/")
    ours, other = LinkFactory(url="https://www.shop.example/"), LinkFactory(url="https://other.example/")

    def location(link):
        return client.get(path(addresses.clicked(Ref(7, link.subject_id, 9))))["Location"]

    assert location(ours).startswith("https://www.shop.example/?bm=")
    assert location(other) == "https://other.example/"


@pytest.mark.parametrize("purpose", ["link_tracking", "web_tracking"])
def test_click_names_nobody_who_refused_to_be_followed(client, db, purpose):
    link = LinkFactory(url=OURS)
    somebody, merged, silent = ContactFactory(), ContactFactory(), ContactFactory()
    consent.withdraw(somebody, purpose)
    merging.merge(somebody.pk, merged.pk)

    named = [is_named(client, link, person) for person in (somebody, merged, silent)]
    consent.give(somebody, purpose)

    assert [*named, is_named(client, link, somebody)] == [False, False, True, True]


def test_click_names_nobody_without_a_yes_where_links_need_one(client, db, settings):
    link, silent, willing = LinkFactory(url=OURS), ContactFactory(), ContactFactory()
    consent.give(willing, "link_tracking")
    settings.CONSENT_REQUIRED = ["link_tracking", "web_tracking"]

    assert [is_named(client, link, person) for person in (silent, willing)] == [False, True]


def is_named(client, link, contact):
    return "bm=" in client.get(path(addresses.clicked(Ref(contact.pk, link.subject_id, 9))))["Location"]


def test_click_sets_a_visitor_cookie_only_where_no_consent_is_needed(client, click_path, settings, recorded):
    settings.CONSENT_REQUIRED = ["web_tracking"]
    assert client.get(click_path).cookies.keys() == set()

    settings.CONSENT_REQUIRED = []
    cookie = client.get(click_path).cookies["bareme_browser"]

    assert (cookie["httponly"], cookie["samesite"], cookie["secure"], cookie["path"]) == (True, "Lax", "", "/")
    assert recorded("visitor_id") == [{"visitor_id": None}, {"visitor_id": UUID(cookie.value)}]


def test_the_cookie_is_secure_under_https(client, click_path, free):
    assert client.get(click_path, secure=True).cookies["bareme_browser"]["secure"] is True


@pytest.mark.parametrize("header", ["DNT", "Sec-GPC"])
def test_a_browser_that_refuses_gets_no_cookie_but_its_redirect(client, click_path, free, header):
    response = client.get(click_path, headers={header: "1"})

    assert (response.status_code, response.cookies.keys()) == (302, set())


def test_site_pixel_records_the_page_it_names_or_the_referer(client, recorded):
    client.get("/t/p.gif", {"u": "https://shop.example/a"})
    client.get("/t/p.gif", headers={"referer": "https://shop.example/b"})

    assert recorded("kind", "url") == [
        {"kind": Kind.PAGE_VISITED, "url": "https://shop.example/a"},
        {"kind": Kind.PAGE_VISITED, "url": "https://shop.example/b"},
    ]


@pytest.mark.parametrize("query", [{}, {"u": "x"}, {"u": "file:///etc/passwd"}, {"u": "http://["}, {"u": "\x00"}])
def test_site_pixel_without_a_page_is_still_a_pixel(client, recorded, query):
    response = client.get("/t/p.gif", query)

    assert (response.status_code, response["Content-Type"]) == (200, "image/gif")
    assert recorded("kind") == []


@pytest.mark.parametrize("header", ["DNT", "Sec-GPC"])
def test_pixels_honour_a_refusal(client, recorded, header):
    client.get("/t/p.gif", {"u": "https://shop.example/a"}, headers={header: "1"})
    client.get(path(addresses.opened(Ref(7, 1, 9))), headers={header: "1"})

    assert recorded("kind") == []


def test_pixels_and_clicks_refuse_other_methods(client, click_path):
    response = client.post(click_path)

    assert (response.status_code, response["Allow"]) == (405, "GET, HEAD")
