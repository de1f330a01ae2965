"""An answer to the consent banner ends as one consent of its contact, with its proof, whenever we learn whose browser it was."""

import json
from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone, translation

from config import pipeline
from contacts import consent, consent_texts, merging
from contacts.models import Consent, Contact
from tests.factories import ContactFactory, LandingPageFactory
from tests.tracking.visiting import BROWSER, click, identify, submit
from tracking import banner, experiments, passes, timeline, wording
from tracking.models import Event, Hit, Kind, Visitor
from tracking.sections import new_row

pytestmark = pytest.mark.django_db
TEXT = "Shall we remember you?"
PAGE = "https://shop.example/pricing"


@pytest.fixture
def text(settings):
    settings.CONSENT_REQUIRED = ["web_tracking"]
    return consent_texts.write("web_tracking", "en", TEXT)


def known_as(contact):
    Visitor.objects.create(id=BROWSER, contact=contact, is_sure=True)


def beacon(client, granted, visitor=BROWSER, **message):
    hit = {"kind": "consent", "granted": granted, "text": TEXT, "url": PAGE}
    sent = {"visitor": str(visitor), "hits": [hit], **message}
    response = client.post("/t/b", json.dumps(sent), content_type="text/plain", REMOTE_ADDR="203.0.113.77")
    assert response.status_code == 204


def consents():
    pipeline.drain()
    rows = Consent.objects.order_by("given_at").select_related("contact", "shown")
    return [
        (row.contact.email, row.purpose, row.granted, row.text, row.shown and row.shown.version, row.source, row.ip)
        for row in rows
    ]


def proof(email, granted, source="Banner on shop.example"):
    return email, "web_tracking", granted, TEXT, 1, source, "203.0.113.0"


def test_where_it_was_answered_is_told_in_the_language_of_the_reader(client, ada, text):
    known_as(ada)
    other = uuid4()
    beacon(client, True)
    beacon(client, False, other)
    consents()
    identify("bob@example.com", other)

    said = [(row[0], row[5]) for row in consents()]
    assert said == [("ada@example.com", "Banner on shop.example"), ("bob@example.com", "Banner on shop.example")]
    with translation.override("fr"):
        assert list(Consent.objects.values_list("source", flat=True)) == ["Bandeau sur shop.example"] * 2
        noted = Event.objects.get(kind=Kind.CONSENT_CHANGED, contact=ada)
        assert "Bandeau sur shop.example" in [line.detail for line in timeline.page(ada).lines]
        assert wording.details(noted.data)["source"] == "Bandeau sur shop.example"


@pytest.mark.parametrize("granted", [True, False])
def test_an_answer_in_a_known_browser_is_its_contacts(client, ada, text, granted):
    known_as(ada)
    before = timezone.now()
    beacon(client, granted)

    assert consents() == [proof("ada@example.com", granted)]
    given_at = Consent.objects.get().given_at
    assert before - timedelta(seconds=1) < given_at < timezone.now()
    assert Event.objects.get(kind=Kind.CONSENT_ANSWERED).at == given_at


@pytest.mark.parametrize("between", [lambda: None, pipeline.drain], ids=["one batch", "a batch each"])
def test_answers_before_we_know_who_it_is_come_along_once_in_their_order(client, text, between):
    beacon(client, True)
    between()
    beacon(client, False)
    between()
    identify("ada@example.com")
    between()
    identify("ada@example.com")

    assert consents() == [proof("ada@example.com", True), proof("ada@example.com", False)]
    assert consent.allowed("web_tracking", [Contact.objects.get().pk]) == set()


def test_a_later_yes_in_an_unknown_browser_brings_its_pages_along(client, ada, text):
    consent.withdraw(ada, "web_tracking")
    beacon(client, True)
    page = {"kind": "page", "url": PAGE}
    client.post("/t/b", json.dumps({"visitor": str(BROWSER), "hits": [page]}), content_type="text/plain")
    pipeline.drain()
    identify("ada@example.com")
    pipeline.drain()

    assert Event.objects.get(kind=Kind.PAGE_VISITED).contact == ada


def test_what_came_with_a_forwarded_mail_goes_to_who_it_turns_out_to_be(client, ada, text):
    click(ada)
    pipeline.drain()
    beacon(client, False)
    assert consents() == [proof("ada@example.com", False)]
    identify("friend@example.com")

    assert consents() == [proof("friend@example.com", False)]
    told = Event.objects.filter(kind=Kind.CONSENT_CHANGED).values_list("contact__email", "data__granted")
    assert list(told) == [("friend@example.com", False)]


def test_who_comes_by_a_tracked_link_and_refuses_has_refused(client, ada, text):
    beacon(client, False, visitor="", **{"pass": passes.issue(ada.pk)})

    assert consents() == [proof("ada@example.com", False)]
    assert Visitor.objects.count() == 0


def test_a_merge_takes_answers_along_and_undone_gives_them_back_also_later_ones(client, ada, text):
    eve = ContactFactory(email="eve@example.com")
    known_as(eve)
    beacon(client, True)
    pipeline.drain()
    merge = merging.merge(ada.pk, eve.pk)
    assert consents() == [proof("ada@example.com", True)]
    beacon(client, False)
    assert consents() == [proof("ada@example.com", True), proof("ada@example.com", False)]

    merging.undo(merge)

    assert consents() == [proof("eve@example.com", True), proof("eve@example.com", False)]


def test_nonsense_from_outside_is_refused_and_overlong_texts_too(client):
    for wrong in ({"granted": "yes"}, {"granted": None}, {"granted": True, "text": "x" * 2001}):
        sent = {"visitor": str(BROWSER), "hits": [{"kind": "consent", **wrong}]}
        assert client.post("/t/b", json.dumps(sent), content_type="text/plain").status_code == 422
    assert Hit.objects.count() == 0


# --- a no that waits in the cookie --------------------------------------------------------------------------------------


def told(form, answer, email="ada@example.com"):
    """A submission from a browser that keeps this answer."""
    key = submit(form, email=email)
    row = Hit.objects.get(key=key)
    row.data["banner"] = banner.told(answer, PAGE)
    row.ip = "203.0.113.0"
    row.save()


def test_a_no_that_nobody_heard_comes_with_the_form_once(form, text):
    at = timezone.now() - timedelta(days=3)
    answer = f"denied.{int(at.timestamp())}.en.1"
    told(form, answer)
    told(form, answer)
    pipeline.drain()
    told(form, answer)

    assert consents() == [proof("ada@example.com", False)]
    assert Consent.objects.get().given_at == at.replace(microsecond=0)
    assert "banner" not in Event.objects.filter(kind=Kind.FORM_SUBMITTED).first().data


def test_a_no_before_what_was_answered_since_is_no_news(form, ada, text):
    consent.give(ada, "web_tracking", "Yes", "Preference page")
    told(form, f"denied.{int(timezone.now().timestamp()) - 3600}.en.1")

    pipeline.drain()
    assert list(Consent.objects.values_list("source", flat=True)) == ["Preference page"]


@pytest.mark.parametrize(
    "value",
    [None, "", "granted.1790000000.en.1", "denied", "denied.x", "denied.1790000000.en", "denied.99999999999999", 7, "x" * 999],
)  # fmt: skip
def test_what_is_no_refusal_with_a_time_is_not_told(value):
    assert banner.told(value, PAGE) is None


def test_a_time_that_cannot_be_is_brought_within_bounds_and_a_text_that_is_not_ours_is_empty(form, text):
    told(form, "denied.99999999999.en.77")

    assert consents() == [("ada@example.com", "web_tracking", False, "", None, "Banner on shop.example", "203.0.113.0")]
    assert Consent.objects.get().given_at <= timezone.now()


# --- our own pages ------------------------------------------------------------------------------------------------------


@pytest.fixture
def page(form, text):
    return LandingPageFactory(title="Offer", slug="offer", form=form, sections=[new_row("html", html="<p>Hello</p>")])


def choose(client, granted, visitor=BROWSER, query="", **headers):
    sent = {
        "granted": granted,
        "visitor": str(visitor),
        "language": "en",
        "version": 1,
        "referrer": "https://search.example/",
    }
    address = f"/p/offer/choice{query}"
    return client.post(
        address, json.dumps(sent), content_type="application/json", REMOTE_ADDR="203.0.113.77", **headers
    )


def kept(response):
    return {name: morsel.value.split(".")[0] for name, morsel in response.cookies.items()}


def test_from_a_yes_on_the_browser_is_followed_and_its_visit_counts_once(client, page):
    shown = client.get("/p/offer?utm_source=mail")
    visitor = shown.context["choice"].visitor_id
    assert (kept(shown), Hit.objects.get().visitor_id) == ({}, None)

    response = choose(client, True, visitor, "?utm_source=mail")

    assert response.status_code == 200
    assert kept(response) == {"bareme_consent": "granted", "bareme_browser": str(visitor)}
    assert (response.cookies["bareme_browser"]["httponly"], response.cookies["bareme_consent"]["httponly"]) == (
        True,
        "",
    )
    pipeline.drain()
    visit = Event.objects.get(kind=Kind.LANDING_PAGE_VISITED)
    assert (visit.visitor_id, visit.data) == (
        visitor,
        {
            "title": "Offer",
            "referrer": "https://search.example/",
            "utm": {"source": "mail"},
            "url": "http://testserver/p/offer",
        },
    )
    client.get("/p/offer")
    pipeline.drain()
    assert Event.objects.filter(kind=Kind.LANDING_PAGE_VISITED, visitor_id=visitor).count() == 2


@pytest.mark.parametrize("between", [lambda: None, pipeline.drain], ids=["one batch", "a batch each"])
def test_the_answer_is_the_contacts_once_they_say_who_they_are(client, page, between):
    visitor = client.get("/p/offer").context["choice"].visitor_id
    choose(client, True, visitor)
    between()
    identify("ada@example.com", visitor)

    assert consents() == [proof("ada@example.com", True, "Banner on testserver")]


@pytest.mark.parametrize(
    ("given", "kept"), [("android-app://com.example/", "android-app://com.example/"), ("x" * 9999, "x" * 1000), (7, "")]
)
def test_wherever_they_come_from_is_no_reason_to_refuse_an_answer(client, page, given, kept):
    visitor = client.get("/p/offer").context["choice"].visitor_id
    sent = {"granted": True, "visitor": str(visitor), "referrer": given}

    from_itself = {"referer": "http://testserver/p/offer"}
    response = client.post("/p/offer/choice", json.dumps(sent), content_type="application/json", headers=from_itself)
    pipeline.drain()

    assert response.status_code == 200
    assert Event.objects.get(kind=Kind.LANDING_PAGE_VISITED).data.get("referrer", "") == kept


def test_a_yes_keeps_the_variant_that_was_seen(client, page):
    test = experiments.draft(page, "Words")
    experiments.start(test)
    shown = client.get("/p/offer")
    visitor = shown.context["choice"].visitor_id
    variant = experiments.shown(experiments.running(page), visitor)

    choose(client, True, visitor)
    pipeline.drain()

    data = Event.objects.get(kind=Kind.LANDING_PAGE_VISITED).data
    assert (data["test"], data["variant"]) == (test.pk, variant.letter)


def test_a_no_keeps_nothing_but_the_answer_and_is_told_to_nobody(client, page):
    client.get("/p/offer")
    response = choose(client, False)

    assert kept(response) == {"bareme_consent": "denied"}
    assert list(Hit.objects.values_list("kind", "visitor_id")) == [(Kind.LANDING_PAGE_VISITED, None)]
    again = client.get("/p/offer")
    assert (again.context["choice"].answer, again.context["choice"].visitor_id, kept(again)) == ("denied", None, {})


def test_a_no_on_our_page_comes_with_the_form_sent_from_this_address(client, page, nonce):
    choose(client, False)
    client.post("/p/offer", {"bareme_nonce": nonce(page.form), "email": "ada@example.com"}, REMOTE_ADDR="203.0.113.77")

    assert consents() == [proof("ada@example.com", False, "Banner on testserver")]


def test_who_takes_a_no_back_is_followed_from_the_next_visit_on(client, page):
    choose(client, False)
    client.get("/p/offer")
    response = choose(client, True, visitor="")
    client.get("/p/offer")
    pipeline.drain()

    visits = Event.objects.filter(kind=Kind.LANDING_PAGE_VISITED).order_by("id").values_list("visitor_id", flat=True)
    assert [visitor and str(visitor) for visitor in visits] == [None, response.cookies["bareme_browser"].value]


def test_a_no_after_a_yes_is_noted_and_the_browser_forgets_its_id(client, page, ada):
    known_as(ada)
    client.cookies["bareme_browser"] = str(BROWSER)
    response = choose(client, False)

    assert kept(response) == {"bareme_consent": "denied", "bareme_browser": ""}
    assert consents() == [proof("ada@example.com", False, "Banner on testserver")]


def test_where_following_is_assumed_a_no_ends_it(client, page, settings):
    settings.CONSENT_REQUIRED = []
    assert "bareme_browser" in client.get("/p/offer").cookies
    choose(client, False)

    assert client.get("/p/offer").cookies.keys() == set()
    pipeline.drain()
    assert Event.objects.filter(kind=Kind.LANDING_PAGE_VISITED, visitor=None).count() == 1


@pytest.mark.parametrize("header", ["DNT", "Sec-GPC"])
def test_who_refuses_by_their_browser_is_not_asked(client, page, header):
    assert client.get("/p/offer", headers={header: "1"}).context["choice"] is None
    assert kept(choose(client, True, headers={header: "1"})) == {"bareme_consent": "granted"}
    assert Hit.objects.count() == 0


def test_only_json_of_our_own_page_is_taken(client, page):
    sent = {"granted": "true"}
    assert client.post("/p/offer/choice", sent).status_code == 415
    assert client.post("/p/offer/choice", json.dumps(sent), content_type="application/json").status_code == 422
    assert client.post("/p/nothing/choice", '{"granted": true}', content_type="application/json").status_code == 404
    assert client.get("/p/offer/choice").status_code == 405
    assert "Access-Control-Allow-Origin" not in client.options("/p/offer/choice").headers
    assert Hit.objects.count() == 0


def test_a_kiosk_asks_nobody(client, page):
    page.form.is_kiosk = True
    page.form.save()
    assert client.get("/p/offer").context["choice"] is None
