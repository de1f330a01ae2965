import csv
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from django.urls import reverse
from django.utils import timezone

from tests.factories import AssetFactory, ContactFactory, LandingPageFactory, LinkFactory, UserFactory
from tracking import statistics, subjects
from tracking.models import Event, Kind, Subject, Verdict, Visitor

EVIL = "=HYPERLINK(1)"


@pytest.fixture
def page(form):
    return LandingPageFactory(title="Offer", slug="offer", form=form)


def happened(kind, row, *, days=0, visitor=None, contact=None, verdict=Verdict.HUMAN, **data):
    about = subjects.register(row.subject_type, row.pk, str(row)) if hasattr(row, "subject_type") else row
    if visitor:
        Visitor.objects.get_or_create(pk=UUID(int=visitor))
    return Event.objects.create(
        kind=kind,
        at=timezone.now() - timedelta(days=days),
        subject=about,
        visitor_id=UUID(int=visitor) if visitor else None,
        contact=contact,
        verdict=verdict,
        data=data,
    )


def figures(report):
    return {str(figure.label): figure.value for figure in report.figures}


def test_people_are_counted_apart_from_machines_and_from_nobody(page):
    ada = ContactFactory()
    happened(
        Kind.LANDING_PAGE_VISITED, page, visitor=1, referrer="https://Search.example/q?x=1", utm={"source": "mail"}
    )
    happened(Kind.LANDING_PAGE_VISITED, page, visitor=1)
    happened(Kind.LANDING_PAGE_VISITED, page, visitor=2, contact=ada)
    happened(Kind.LANDING_PAGE_VISITED, page, visitor=3, contact=ada)
    happened(Kind.LANDING_PAGE_VISITED, page)
    happened(Kind.LANDING_PAGE_VISITED, page, visitor=9, verdict=Verdict.SCANNER)
    happened(Kind.LANDING_PAGE_VISITED, page, visitor=8, days=40)
    happened(Kind.FORM_SUBMITTED, page.form, visitor=2, contact=ada)

    report = statistics.of_landing_page(page, statistics.span())

    assert figures(report) == {"Visits": "5", "People": "2", "By machines": "1", "Sent the form": "33.3%"}
    assert report.days[-1] == (timezone.localdate(), 5)
    assert [list(table.rows) for table in report.tables] == [
        [("Directly, or not said", 4, 2), ("search.example", 1, 1)],
        [("mail", 1, 1)],
    ]
    assert report.notes == [
        "Once it was somebody who does not allow to be followed: counted, but not among the people."
    ]


def test_a_form_by_the_pages_it_stood_on(page, form):
    site = Subject.objects.create(type="page", key="shop.example/demo", host="shop.example", path="/demo")
    for number in (1, 2, 3, 4):
        happened(Kind.PAGE_VISITED, site, visitor=number)
    happened(Kind.LANDING_PAGE_VISITED, page, visitor=5)
    happened(Kind.FORM_SUBMITTED, form, visitor=1, url="https://shop.example/demo?x=1")
    happened(Kind.FORM_SUBMITTED, form, visitor=5, url="http://testserver/p/offer")
    happened(Kind.FORM_SUBMITTED, form, visitor=6, url="https://elsewhere.example/")

    report = statistics.of_form(form, statistics.span())

    assert figures(report) == {"Submissions": "3", "People": "3", "Held as spam": "0"}
    assert list(report.tables[0].rows) == [
        ("http://testserver/p/offer", 1, 1, 1, 1, "100.0%"),
        ("https://elsewhere.example/", "–", "–", 1, 1, "–"),
        ("https://shop.example/demo", 4, 4, 1, 1, "25.0%"),
    ]


def test_an_asset_and_the_forms_that_lead_to_it(form):
    asset = AssetFactory(gate=form)
    happened(Kind.ASSET_DOWNLOADED, asset, visitor=1)
    happened(Kind.FORM_SUBMITTED, form, visitor=1)

    report = statistics.of_asset(asset, statistics.span())

    assert figures(report) == {"Downloads": "1", "People": "1", "By machines": "0"}
    assert list(report.tables[0].rows) == [("Demo request", 1, 1)]


def test_links_machines_apart(db):
    link = LinkFactory(url="https://shop.example/")
    happened(Kind.EMAIL_CLICKED, link.subject, contact=ContactFactory())
    happened(Kind.EMAIL_CLICKED, link.subject, contact=ContactFactory(), verdict=Verdict.SCANNER)

    assert list(statistics.of_links(link.source_id, statistics.span()).rows) == [("https://shop.example/", 1, 1, 1)]


def test_an_email(db):
    link = LinkFactory(source__ref_id=7, source__key="7", url="https://shop.example/")
    ada, grace = ContactFactory(), ContactFactory()
    for contact in (ada, grace):
        happened(Kind.EMAIL_SENT, link.source, contact=contact)
    happened(Kind.EMAIL_OPENED, link.source, contact=ada)
    happened(Kind.EMAIL_OPENED, link.source, contact=ada)
    happened(Kind.EMAIL_OPENED, link.source, contact=grace, verdict=Verdict.PROXY)
    happened(Kind.EMAIL_CLICKED, link.subject, contact=ada)
    happened(Kind.UNSUBSCRIBED, link.source, contact=grace)

    report = statistics.of_email(7, statistics.span())

    assert [(str(figure.label), figure.value, figure.note) for figure in report.figures] == [
        ("Sent", "2", "to 2 people"),
        ("Opened", "1 (50.0%)", "2 times; 1 times by machines"),
        ("Clicked", "1 (50.0%)", "1 times; 0 times by machines"),
        ("Unsubscribed", "1 (50.0%)", "1 times; 0 times by machines"),
    ]
    assert list(report.tables[0].rows) == [("https://shop.example/", 1, 1, 0)]
    assert figures(statistics.of_email(8, statistics.span()))["Sent"] == "0"


def test_an_sms(db):
    link = LinkFactory(source__type="sms", source__ref_id=7, source__key="7", url="https://shop.example/")
    ada, grace = ContactFactory(), ContactFactory()
    for contact in (ada, grace):
        happened(Kind.SMS_SENT, link.source, contact=contact)
    happened(Kind.SMS_CLICKED, link.subject, contact=ada)
    happened(Kind.SMS_CLICKED, link.subject, contact=ada)
    happened(Kind.SMS_CLICKED, link.subject, contact=grace, verdict=Verdict.SCANNER)

    report = statistics.of_sms(7, statistics.span())

    assert [(str(figure.label), figure.value, figure.note) for figure in report.figures] == [
        ("Sent", "2", "to 2 people"),
        ("Clicked", "1 (50.0%)", "2 times; 1 times by machines"),
    ]
    assert list(report.tables[0].rows) == [("https://shop.example/", 2, 1, 1)]
    assert figures(statistics.of_sms(8, statistics.span()))["Sent"] == "0"


@pytest.mark.parametrize(
    ("first", "last", "days"),
    [
        ("", "", 30),
        ("2026-01-01", "2026-01-31", 31),
        ("2026-01-31", "2026-01-01", 31),
        ("x", "0001-01-01", 30),
        ("2001-01-01", "2026-01-01", 731),
    ],
)
def test_any_span_makes_sense(first, last, days):
    assert len(statistics.span(first, last).days) == days


def test_days_are_those_of_the_instance(page, settings):
    settings.TIME_ZONE = "Europe/Paris"
    span = statistics.span("2026-07-01", "2026-07-01")

    assert (span.since, span.until) == (datetime(2026, 6, 30, 22, tzinfo=UTC), datetime(2026, 7, 1, 22, tzinfo=UTC))


def test_the_pages_ask_the_same_few_queries_whatever_there_is(marketer, page, form, django_assert_num_queries):
    pages = {
        reverse("admin:tracking_landingpage_statistics", args=[page.pk]): 8,
        reverse("admin:tracking_form_statistics", args=[form.pk]): 13,
        reverse("admin:tracking_asset_statistics", args=[AssetFactory(gate=form).pk]): 10,
    }
    for number in range(1, 4):
        happened(Kind.LANDING_PAGE_VISITED, page, visitor=number)
        happened(Kind.FORM_STARTED, form, visitor=number)
        happened(Kind.FORM_SUBMITTED, form, visitor=number, url=f"https://shop.example/{number}")
    for url, queries in pages.items():
        marketer.get(url)
        with django_assert_num_queries(queries):
            assert marketer.get(url).status_code == 200


def test_the_csv_is_safe_to_open(marketer, page):
    happened(Kind.LANDING_PAGE_VISITED, page, visitor=1, utm={"source": EVIL})

    response = marketer.get(reverse("admin:tracking_landingpage_statistics", args=[page.pk]) + "?csv=1")
    rows = list(csv.reader(response.text.lstrip("\ufeff").splitlines()))

    assert ["Visits", "1", ""] in rows
    assert [f"'{EVIL}", "1", "1"] in rows


def test_who_may_not_see_pages_sees_no_statistics(client, page):
    client.force_login(UserFactory())

    assert client.get(reverse("admin:tracking_landingpage_statistics", args=[page.pk])).status_code == 403


def test_without_events_it_says_so(marketer, page):
    text = marketer.get(reverse("admin:tracking_landingpage_statistics", args=[page.pk])).text

    assert "Nothing happened in these days." in text


def test_how_many_who_began_a_form_sent_it(form):
    for number in (1, 2, 3, 4):
        happened(Kind.FORM_STARTED, form, visitor=number)
    happened(Kind.FORM_STARTED, form)
    happened(Kind.FORM_STARTED, form, visitor=9, verdict=Verdict.SCANNER)
    happened(Kind.FORM_SUBMITTED, form, visitor=1)
    happened(Kind.FORM_SUBMITTED, form, visitor=5)

    report = statistics.of_form(form, statistics.span())

    begun = {"Begun": "5", "Sent it once begun": "25.0%"}
    assert figures(report) == {"Submissions": "2", "People": "2", "Held as spam": "0", **begun}
