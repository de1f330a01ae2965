"""What a public request becomes once the inbox has taken it: whose event, about what."""

import json

import pytest

from config import pipeline
from contacts.models import Consent, Contact
from tests.factories import AssetFactory, ContactFactory, LandingPageFactory, LinkFactory, SubjectFactory
from tracking import addresses, apikeys, nonces
from tracking.models import ApiKey, Event, FormField, FormSubmission, Kind, Subject
from tracking.tokens import Ref

VISITOR = "1f0e1a52-7a8e-4f4c-9d5a-0d7d6b1f2a3c"


@pytest.fixture
def contact(db):
    return ContactFactory(email="ada@example.com")


@pytest.fixture
def events():
    """Carry everything through the pipeline; then the events that came by request, as (kind, whose, about)."""

    def events():
        pipeline.drain()
        rows = (
            Event.objects.filter(kind__lt=Kind.CONTACT_CREATED)
            .order_by("at", "id")
            .select_related("contact", "subject")
        )
        return [(Kind(row.kind), row.contact and row.contact.email, str(row.subject or "")) for row in rows]

    return events


def beacon(client, **message):
    hit = {"kind": "page", "url": "https://shop.example/pricing", "title": "Pricing"}
    response = client.post(
        "/t/b", json.dumps({"hits": [hit], "visitor": VISITOR, **message}), content_type="text/plain"
    )
    assert response.status_code == 204


def test_a_click_leads_to_a_page_whose_views_are_the_contacts_also_those_before(client, contact, events):
    beacon(client)
    pipeline.drain()
    link = LinkFactory(url="https://shop.example/pricing", source__name="Welcome")
    location = client.get(addresses.clicked(Ref(contact.pk, link.subject_id, 1)))["Location"]

    beacon(client, **{"pass": location.partition("bm=")[2]})

    assert events() == [
        (Kind.PAGE_VISITED, "ada@example.com", "Pricing"),
        (Kind.EMAIL_CLICKED, "ada@example.com", "https://shop.example/pricing"),
        (Kind.PAGE_VISITED, "ada@example.com", "Pricing"),
    ]


def test_without_consent_a_landing_page_visit_is_nobodys(client, contact, events, settings):
    settings.CONSENT_REQUIRED = ["web_tracking"]
    LandingPageFactory(title="Offer", slug="offer")
    link = LinkFactory(url="http://localhost:8000/p/offer")
    location = client.get(addresses.clicked(Ref(contact.pk, link.subject_id, 1)))["Location"]

    client.get(location)
    pipeline.drain()
    contact.consents.create(purpose="web_tracking", granted=True)
    client.get(location)

    assert [event for event in events() if event[0] == Kind.LANDING_PAGE_VISITED] == [
        (Kind.LANDING_PAGE_VISITED, None, "Offer"),
        (Kind.LANDING_PAGE_VISITED, "ada@example.com", "Offer"),
    ]


def test_a_gated_download_is_the_contacts_who_filled_in_the_form_without_any_cookie(
    client, form, nonce, events, settings
):
    settings.CONSENT_REQUIRED = ["web_tracking"]
    asset = AssetFactory(name="Guide", gate=form)
    posted = client.post(f"/a/{asset.public_id}", {"bareme_nonce": nonce(form), "email": "new@example.com"})
    thanks = client.get(posted["Location"])
    client.get(thanks.text.partition('class="bareme-button" href="')[2].partition('"')[0])

    assert events() == [
        (Kind.FORM_SUBMITTED, "new@example.com", "Demo request"),
        (Kind.ASSET_DOWNLOADED, "new@example.com", "Guide"),
    ]
    assert posted.cookies.keys() == set()


def test_answers_reach_the_contact_the_submission_and_the_rules(client, form, nonce, events):
    FormField.objects.create(form=form, key="job", label="Job", contact_field="job_title")
    FormField.objects.create(form=form, key="size", label="Size", type="select", choices=["Few", "Many"])
    FormField.objects.create(form=form, key="ok", label="Profile me.", type="consent", purpose="profiling")
    values = {
        "email": "Ada@Example.com",
        "job": "Engineer",
        "size": "Many",
        "ok": "on",
        "bareme_page": "https://shop.example/x",
    }

    client.post(f"/f/{form.public_id}", {"bareme_nonce": nonce(form), **values})

    assert events() == [
        (Kind.FORM_SUBMITTED, "ada@example.com", "Demo request"),
        (Kind.FORM_ANSWERED, "ada@example.com", "size = Many"),
    ]
    assert Contact.objects.get().job_title == "Engineer"
    submission = FormSubmission.objects.get()
    assert submission.answers == {"email": "Ada@Example.com", "job": "Engineer", "size": "Many", "ok": True}
    assert submission.url == "https://shop.example/x"
    consent = Consent.objects.get()
    assert (consent.purpose, consent.granted, consent.text, consent.ip) == (
        "profiling",
        True,
        "Profile me.",
        "127.0.0.0",
    )


def test_the_script_identifies_but_never_overwrites_and_the_api_does(client, contact, events):
    contact.first_name = "Ada"
    contact.save()
    person = {"email": "ada@example.com", "first_name": "Mallory", "city": "London"}
    identify = {"visitor": VISITOR, "hits": [{"kind": "identify", "person": person}]}

    client.post("/t/b", json.dumps(identify), content_type="text/plain")
    pipeline.drain()
    contact.refresh_from_db()
    assert (contact.first_name, contact.city) == ("Ada", "London")

    key = apikeys.issue(ApiKey(name="Shop"))
    headers = {"authorization": f"Bearer {key}"}
    client.post(
        "/api/v1/contacts", json.dumps({**person, "first_name": "Augusta"}), "application/json", headers=headers
    )
    pipeline.drain()
    contact.refresh_from_db()
    assert contact.first_name == "Augusta"


def test_the_api_tells_who_attended_a_webinar(client, contact, events):
    SubjectFactory(type=Subject.Type.WEBINAR, key="5", ref_id=5, name="Scoring live")
    headers = {"authorization": f"Bearer {apikeys.issue(ApiKey(name='Zoom'))}"}
    event = {"kind": "webinar_attended", "webinar": 5, "email": "ada@example.com", "key": "zoom-1"}
    for _ in range(2):
        client.post("/api/v1/events", json.dumps(event), "application/json", headers=headers)
        pipeline.drain()

    assert events() == [(Kind.WEBINAR_ATTENDED, "ada@example.com", "Scoring live")]


def test_saving_what_events_are_about_keeps_its_subjects_name(db, form):
    asset, page = AssetFactory(name="Guide"), LandingPageFactory(title="Offer")
    for row, name in ((asset, "name"), (page, "title"), (form, "name")):
        setattr(row, name, "Renamed")
        row.save()

    rows = Subject.objects.order_by("type").values_list("type", "ref_id", "name")
    assert list(rows) == [
        ("asset", asset.pk, "Renamed"),
        ("form", form.pk, "Renamed"),
        ("landing_page", page.pk, "Renamed"),
    ]


def test_a_form_token_is_no_nonce(form):
    with pytest.raises(ValueError, match="AAAA"):
        nonces.age(form, nonces.form_token(form))
