"""Addresses as people write them, and the pages and links they match."""

import pytest
from django.core.exceptions import ValidationError

from scoring.models import Repeat
from scoring.sources import point_sources
from scoring.sources.addresses import AddressesField, matching, parse
from tests.factories import SubjectFactory
from tests.scoring.conftest import happen, score, score_waiting, subject
from tests.scoring.sources.conftest import AT, page
from tracking.models import Kind, Subject

pytestmark = pytest.mark.django_db


PAGES = [
    "https://shop.example/",
    "https://www.shop.example/pricing/?utm_source=mail",
    "http://shop.example/pricing/teams",
    "https://shop.example/blog",
    "https://shop.example/blog/one",
    "https://shop.example/blogger",
    "https://fr.shop.example/pricing",
    "https://other.example/pricing",
    "https://notshop.example/pricing",
    "https://shop.example/100%25_sure",
    "https://shop.example/a.b",
    "https://shop.example/aXb",
    "https://xn--bcher-kva.example/caf%C3%A9",
]


@pytest.fixture
def site():
    return [page(url) for url in PAGES]


@pytest.mark.parametrize(
    ("case", "pattern", "expected"),
    [
        ("a host is its whole site", "shop.example", {0, 1, 2, 3, 4, 5, 9, 10, 11}),
        ("so it is with a slash", "shop.example/", {0, 1, 2, 3, 4, 5, 9, 10, 11}),
        ("www. makes no difference", "www.shop.example/pricing", {1}),
        ("nor does the scheme", "http://shop.example/pricing", {1}),
        ("nor do capitals of the host", "SHOP.example/pricing", {1}),
        ("nor does a final slash", "shop.example/pricing/", {1}),
        ("nor do query and fragment", "https://shop.example/pricing?utm_campaign=x&y=https://z.example#top", {1}),
        ("everything under a path, and it", "shop.example/blog/*", {3, 4}),
        ("everything that begins so", "shop.example/blog*", {3, 4, 5}),
        ("stars in the middle", "shop.example/p*g/t*s", {2}),
        ("a host and its subdomains", "*.shop.example/pricing", {1, 6}),
        ("all subdomains, all paths", "*.shop.example", {0, 1, 2, 3, 4, 5, 6, 9, 10, 11}),
        ("a path on any site", "/pricing", {1, 6, 7, 8}),
        ("the home page on any site", "/", {0}),
        ("a path and below on any site", "/blog/*", {3, 4}),
        ("anything at all", "/*", set(range(len(PAGES)))),
        ("a point is a point", "shop.example/a.b", {10}),
        ("a point is a point beside a star", "shop.example/*a.b", {10}),
        ("per cent and underscore are themselves", "shop.example/100%_s*", {9}),
        ("as are the other characters of patterns", "shop.example/(a|b)+[c]{2}\\d?^$*", set()),
        ("a host as people read it", "bücher.example/café", {12}),
        ("and as browsers write it", "xn--bcher-kva.example/caf%C3%A9", {12}),
    ],
)
def test_an_address_matches_the_pages_a_person_would_expect(site, case, pattern, expected):
    found = Subject.objects.filter(matching([pattern]))

    assert {site.index(one) for one in found} == expected


@pytest.mark.parametrize(
    ("case", "pattern"),
    [
        ("empty host", "https:///pricing"),
        ("words", "our pricing page"),
        ("a mail", "mailto:ada@example.com"),
        ("a script", "javascript:alert(1)"),
        ("another scheme", "ftp://shop.example/"),
        ("a star in the host", "sh*p.example"),
        ("only a star", "*"),
        ("an unfinished address of six parts", "http://[::1"),
        ("two dots", "shop..example"),
        ("a very long host", "a" * 10_000 + ".example"),
        ("a very long path", "shop.example/" + "a" * 10_000),
        ("a great many stars", "shop.example/" + "*a" * 400),
        ("a NUL", "shop.example/a\x00b"),
    ],
)
def test_what_is_no_address_is_refused_by_the_form_and_matches_nothing(site, case, pattern):
    with pytest.raises(ValidationError):
        AddressesField().clean(pattern)

    assert list(Subject.objects.filter(matching([pattern]))) == []


def test_several_addresses_match_what_any_of_them_matches(site):
    patterns = AddressesField().clean(" shop.example/pricing \n\n/blog\n")

    assert patterns == ["shop.example/pricing", "/blog"]
    assert {site.index(one) for one in Subject.objects.filter(matching(patterns))} == {1, 3}


def test_as_many_addresses_are_taken_as_the_database_can_be_asked_for_at_once(site):
    most = [f"shop.example/{number}" for number in range(500)]
    assert AddressesField().clean("\n".join(most)) == most
    assert not Subject.objects.filter(matching(most)).exists()

    with pytest.raises(ValidationError, match="There are more than 500 lines."):
        AddressesField().clean("\n".join([*most, "one.example"]))


def test_addresses_are_shown_again_as_they_were_typed():
    assert AddressesField().prepare_value(["a.example", "/b"]) == "a.example\n/b"


@pytest.mark.parametrize("hostile", ["%00", "%0A", "\udc80", "%FF%FE", "💥", "'; --", "\\", "%", "_", "../..", "%2F"])
def test_any_path_a_browser_may_send_becomes_a_page_that_its_own_address_finds(hostile, ada, publish):
    url = f"https://shop.example/x{hostile}y"
    publish(5, source="page_visited", params={"addresses": ["shop.example/x*"]})
    happen(ada, Kind.PAGE_VISITED, url=url)
    score_waiting()

    assert score(ada) == 5
    made = Subject.objects.get(type=Subject.Type.PAGE)
    assert list(Subject.objects.filter(matching([f"{made.host}{made.path}"]))) == [made]


@pytest.mark.parametrize("pattern", ["mail.example/offer", "*.example/offer", "/offer", "mail.example/off*"])
@pytest.mark.parametrize(("source", "type"), [("email_clicked", "email"), ("sms_clicked", "sms")])
def test_clicks_are_chosen_by_message_and_by_where_the_link_leads(ada, publish, source, type, pattern):
    kind = point_sources[source].kind
    news, other = (SubjectFactory(type=type) for _ in range(2))
    links = [
        subject("1", Subject.Type.LINK, parent=news, host="mail.example", path="/offer"),
        subject("2", Subject.Type.LINK, parent=news, host="mail.example", path="/imprint"),
        subject("3", Subject.Type.LINK, parent=other, host="mail.example", path="/offer"),
    ]
    publish(1, source=source, params={"only": [news.pk]}, repeat=Repeat.ALWAYS)
    publish(10, source=source, params={"addresses": [pattern]}, repeat=Repeat.ALWAYS)
    publish(100, source=source, params={"only": [news.pk], "addresses": [pattern]}, repeat=Repeat.ALWAYS)
    for one in links:
        happen(ada, kind, one, AT)
    score_waiting()

    assert score(ada) == 2 * 1 + 2 * 10 + 1 * 100


def test_a_link_of_an_email_is_none_of_an_sms():
    link = subject("1", Subject.Type.LINK, parent=SubjectFactory(type="email"), host="a.example", path="/")

    assert list(point_sources["email_clicked"].subjects({})) == [link]
    assert list(point_sources["sms_clicked"].subjects({})) == []


def test_parse_tells_host_and_path_apart():
    assert parse("*.Example.com/a/") == ("*.example.com", "/a")
    assert parse("/a/*") == ("", "/a/*")
    assert parse("//") is None
