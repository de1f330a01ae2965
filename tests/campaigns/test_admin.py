"""The admin pages of campaigns: they open, at the same cost for one row and for three, and do what they say."""

import json

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from campaigns import delivery, enrolments, triggers
from campaigns.mail import links
from campaigns.models import (
    Campaign,
    Delivery,
    Email,
    Enrolment,
    Firing,
    Integration,
    Message,
    Registration,
    Step,
    StepRun,
    Trigger,
    TriggerVersion,
)
from contacts import consent
from contacts.models import Purpose
from tests.campaigns.conftest import give_score, move
from tests.factories import (
    CampaignFactory,
    ContactFactory,
    DeliveryFactory,
    EmailFactory,
    IntegrationFactory,
    SmsFactory,
    StepFactory,
    TagFactory,
    TriggerActionFactory,
    TriggerFactory,
    UserFactory,
    WebinarFactory,
)
from tracking.models import Hit, Kind
from tracking.tokens import Ref

pytestmark = pytest.mark.django_db
FRENCH = {"filter": "field", "field": "country", "op": "is", "value": "FR"}


@pytest.fixture
def anne():
    return ContactFactory(email="anne@example.com", first_name="Anne", country="FR")


@pytest.fixture
def page(admin_client):
    """page("trigger", "change", 1): GET, or POST with data."""

    def page(model, view="changelist", *args, data=None, **options):
        address = reverse(f"admin:campaigns_{model}_{view}", args=args)
        return admin_client.get(address, options) if data is None else admin_client.post(address, data)

    return page


def a_trigger():
    trigger = TriggerFactory(conditions=FRENCH)
    TriggerActionFactory(trigger=trigger, type="change_tags", params={"add": [TagFactory().pk], "remove": []})
    TriggerActionFactory(trigger=trigger, type="carrier_pigeon", params={"colour": "grey"})
    return trigger


def a_firing():
    trigger = a_trigger()
    triggers.fire([move(ContactFactory(country="FR"), 0, 60)])
    return Firing.objects.filter(trigger=trigger).latest("pk")


def a_campaign():
    campaign = CampaignFactory()
    StepFactory(campaign=campaign, type="condition", params={"conditions": FRENCH, "otherwise": "end"})
    return campaign


def an_enrolment():
    campaign = a_campaign()
    enrolments.enrol(campaign, [ContactFactory(country="FR").pk], "manual")
    enrolments.advance_due()
    return Enrolment.objects.get(campaign=campaign)


def a_message():
    return Message.objects.create(
        channel="email",
        contact=ContactFactory(),
        delivery=DeliveryFactory(type="send_email"),
        recipient="a@example.com",
    )


MAKE = {
    "trigger": a_trigger,
    "firing": a_firing,
    "campaign": a_campaign,
    "enrolment": an_enrolment,
    "delivery": lambda: DeliveryFactory(type="change_tags", params={"add": [], "remove": []}),
    "message": a_message,
    "email": EmailFactory,
    "sms": SmsFactory,
    "integration": IntegrationFactory,
    "webinar": WebinarFactory,
    "registration": lambda: Registration.objects.create(contact=ContactFactory(), webinar=WebinarFactory()),
}
every_model = pytest.mark.parametrize("model", list(MAKE))


@every_model
def test_the_list_does_not_ask_more_for_more_rows(page, model):
    MAKE[model]()
    page(model)
    with CaptureQueriesContext(
        connection,
    ) as one:
        assert page(model).status_code == 200
    for _more in range(2):
        MAKE[model]()
    with CaptureQueriesContext(connection) as three:
        assert page(model).status_code == 200
    # What actions and steps point at is named once for each such row, here another one every time.
    allowed = 4 if model in ("trigger", "campaign", "delivery") else 0
    assert len(three) <= len(one) + allowed


@every_model
def test_the_page_of_a_row_opens(page, model):
    assert page(model, "change", MAKE[model]().pk).status_code == 200


@pytest.mark.parametrize(
    "model", ["trigger", "campaign", "enrolment", "email", "sms", "integration", "webinar", "registration"]
)
def test_the_page_to_add_one_opens(page, model):
    assert page(model, "add").status_code == 200


@every_model
def test_somebody_without_permission_sees_nothing(client, model):
    client.force_login(UserFactory())

    assert client.get(reverse(f"admin:campaigns_{model}_changelist")).status_code == 403


# --- triggers ---------------------------------------------------------------------------------------------------------


def form_of(trigger=None, rows=(), **values):
    """What a browser posts for a trigger; `rows` are dicts of its actions."""
    data = {
        "name": "Hot",
        "description": "",
        "group": "",
        "direction": "rising",
        "threshold": "50",
        "conditions": "{}",
        "again": "once",
        "rearm_at": "",
        "is_active": "on",
        "active_from_0": "",
        "active_from_1": "",
        "active_until_0": "",
        "active_until_1": "",
        "actions-TOTAL_FORMS": len(rows),
        "actions-INITIAL_FORMS": sum("id" in row for row in rows),
        **values,
    }
    for number, row in enumerate(rows):
        data |= {f"actions-{number}-{name}": value for name, value in ({"position": number} | row).items()}
    return {name: value for name, value in data.items() if value is not None}


def test_a_trigger_is_made_with_the_fields_of_its_actions(page, admin_user):
    tag, email = TagFactory(), EmailFactory()
    rows = [
        {"type": "change_tags", "params__type": "change_tags", "params__add": [tag.pk]},
        {"type": "send_email", "params__email": email.pk},
    ]

    page("trigger", "add", data=form_of(rows=rows, conditions=json.dumps(FRENCH)))

    trigger = Trigger.objects.get()
    assert (trigger.is_active, trigger.conditions) == (
        True,
        {"all": [FRENCH]} if "all" in trigger.conditions else FRENCH,
    )
    assert list(trigger.actions.values_list("type", "params", "position")) == [
        ("change_tags", {"add": [tag.pk], "remove": []}, 0),
        ("send_email", {"email": email.pk}, 1),
    ]
    version = TriggerVersion.objects.get()
    assert (version.number, version.author) == (1, admin_user)
    assert [action["type"] for action in version.snapshot["actions"]] == ["change_tags", "send_email"]


def test_wrong_settings_are_shown_beside_their_field_and_nothing_is_saved(page):
    rows = [{"type": "change_tags", "params__type": "change_tags"}, {"type": "send_email", "params__email": "999"}]

    response = page("trigger", "add", data=form_of(rows=rows))

    text = response.content.decode()
    assert response.status_code == 200
    assert "Choose at least one tag." in text
    assert "Select a valid choice." in text
    assert Trigger.objects.count() == 0


def test_choosing_another_type_shows_its_fields_before_anything_is_saved(page):
    rows = [{"type": "send_email", "params__type": "change_tags", "params__add": [TagFactory().pk]}]

    response = page("trigger", "add", data=form_of(rows=rows))

    assert "Please fill in the settings of this type." in response.content.decode()
    assert 'name="actions-0-params__email"' in response.content.decode()
    assert Trigger.objects.count() == 0


def test_the_reload_of_the_script_saves_nothing(page):
    rows = [{"type": "change_tags", "params__type": "change_tags", "params__add": [TagFactory().pk]}]

    page("trigger", "add", data=form_of(rows=rows, _typed_params_reload="1"))

    assert Trigger.objects.count() == 0


def test_an_unknown_action_keeps_its_settings_when_the_trigger_is_saved(page):
    trigger = TriggerFactory()
    action = TriggerActionFactory(trigger=trigger, type="carrier_pigeon", params={"colour": "grey"})
    row = {"id": action.pk, "trigger": trigger.pk, "type": "carrier_pigeon", "params__type": "carrier_pigeon"}

    shown = page("trigger", "change", trigger.pk).content.decode()
    page("trigger", "change", trigger.pk, data=form_of(rows=[row], name="Renamed"))

    assert "Unknown type: carrier_pigeon" in shown
    trigger.refresh_from_db()
    action.refresh_from_db()
    assert (trigger.name, action.params) == ("Renamed", {"colour": "grey"})


def test_switching_on_asks_first_when_somebody_is_past_the_threshold(page, anne):
    give_score(anne, 70)

    response = page("trigger", "add", data=form_of())

    trigger = Trigger.objects.get()
    assert response["Location"] == reverse("admin:campaigns_trigger_already", args=[trigger.pk])
    assert (trigger.is_active, Firing.objects.count()) == (False, 0)
    assert "anne@example.com" in page("trigger", "already", trigger.pk).content.decode()

    page("trigger", "already", trigger.pk, data={"existing": "act"})
    trigger.refresh_from_db()
    assert (trigger.is_active, Firing.objects.get().state) == (True, "fired")


def test_switching_on_can_leave_them_alone(page, anne):
    give_score(anne, 70)
    trigger = TriggerFactory(is_active=False)

    page("trigger", "already", trigger.pk, data={"existing": "mark"})

    assert (Trigger.objects.get().is_active, Firing.objects.get().state) == (True, "marked")


def test_looking_at_who_is_there_needs_the_right_to_change(client, anne):
    user = UserFactory()
    user.user_permissions.add(Permission.objects.get(codename="view_trigger"))
    client.force_login(user)

    assert (
        client.post(
            reverse("admin:campaigns_trigger_already", args=[TriggerFactory().pk]), {"existing": "act"}
        ).status_code
        == 403
    )
    assert Firing.objects.count() == 0


def test_held_firings_are_released_and_declined_in_the_list(admin_client, anne):
    trigger = a_trigger()
    bob = ContactFactory(country="FR")
    triggers.fire([move(anne, 0, 60), move(bob, 0, 60)], held=True)
    give_score(anne, 60)
    address = reverse("admin:campaigns_firing_changelist")
    first, second = Firing.objects.order_by("pk")
    assert f"{trigger.group or 'overall score'}: 0 → 60" in admin_client.get(address).content.decode()

    chosen = {"action": "release", "_selected_action": [first.pk]}
    asked = admin_client.post(address, chosen)
    assert Delivery.objects.count() == 0, "it only asks"
    assert f'name="_selected_action" value="{first.pk}"' in asked.content.decode()
    assert "1 firing acts at once, as its trigger stands now." in asked.content.decode()
    admin_client.post(address, chosen | {"sure": "1"})
    admin_client.post(address, {"action": "decline", "_selected_action": [first.pk, second.pk]})

    assert list(trigger.firings.order_by("pk").values_list("state", flat=True)) == ["fired", "declined"]
    assert Delivery.objects.count() == 2


def test_somebody_who_may_only_look_decides_nothing(client, anne):
    a_trigger()
    triggers.fire([move(anne, 0, 60)], held=True)
    user = UserFactory()
    user.user_permissions.add(Permission.objects.get(codename="view_firing"))
    client.force_login(user)

    client.post(
        reverse("admin:campaigns_firing_changelist"),
        {"action": "release", "_selected_action": [Firing.objects.get().pk], "sure": "1"},
    )

    assert Firing.objects.get().state == "held"


# --- deliveries and messages ------------------------------------------------------------------------------------------


def test_a_delivery_is_tried_again_and_cancelled_in_the_list(admin_client):
    failed, sent = DeliveryFactory(type="x", state="failed"), DeliveryFactory(type="x", state="sent")
    address = reverse("admin:campaigns_delivery_changelist")

    admin_client.post(address, {"action": "try_again", "_selected_action": [failed.pk, sent.pk]})
    assert list(Delivery.objects.order_by("pk").values_list("state", flat=True)) == ["queued", "sent"]

    admin_client.post(address, {"action": "cancel", "_selected_action": [failed.pk, sent.pk]})
    assert list(Delivery.objects.order_by("pk").values_list("state", flat=True)) == ["cancelled", "sent"]


def test_a_sent_message_is_read_in_a_frame_that_can_do_nothing(page, smtp, anne):
    consent.give(anne, Purpose.EMAIL_TRACKING)
    queued = DeliveryFactory(type="send_email", contact=anne, params={"email": EmailFactory(html="<h1>Hello</h1>").pk})
    delivery.perform(queued.pk)
    message = Message.objects.get()

    shown, framed = page("message", "change", message.pk).content.decode(), page("message", "html", message.pk)

    assert f'<iframe class="campaigns-preview mt-3" sandbox src="/admin/campaigns/message/{message.pk}/html/"' in shown
    assert "anne@example.com" in shown
    assert framed["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    assert framed["X-Frame-Options"] == "SAMEORIGIN"
    assert "<h1>Hello</h1>" in framed.content.decode()
    assert ("/t/o/" in message.html, "/t/o/" in framed.content.decode()) == (True, False)


# --- emails and SMS ---------------------------------------------------------------------------------------------------


def email_form(**values):
    names = ("preheader", "text", "from_name", "from_email", "reply_to", "language")
    return {"name": "Welcome", "subject_line": "Hello", "html": "<p>Hi</p>", **dict.fromkeys(names, ""), **values}


@pytest.mark.parametrize(
    ("case", "values"),
    [
        ("line break in the subject", {"subject_line": "Hello\r\nBcc: victim@example.com"}),
        ("line break in the sender", {"from_name": "Me\nBcc: victim@example.com"}),
        ("line break in the address", {"reply_to": "a@example.com\nBcc: victim@example.com"}),
        ("unknown field", {"subject_line": "{{ contact.password }}"}),
        ("tag", {"html": "{% include 'x' %}"}),
        ("script", {"html": "<script>alert(1)</script>"}),
        ("unknown field in the text", {"text": "{{ x }}"}),
        ("nothing to send", {"html": ""}),
    ],
)
def test_an_email_that_should_not_be_sent_is_not_saved(page, case, values):
    response = page("email", "add", data=email_form(**values))

    assert (response.status_code, Email.objects.count()) == (200, 0)
    assert "errors below" in response.content.decode() or "error below" in response.content.decode()


def test_an_email_is_previewed_as_it_stands_in_the_form_for_a_contact(page, anne):
    draft = email_form(
        subject_line="Hello {{ contact.first_name }}", html="<p>{{ contact.email }}</p>", preview_contact=anne.pk
    )

    shown = page("email", "preview", data=draft).json()

    assert (shown["title"], shown["text"]) == (
        "Hello Anne",
        "anne@example.com\n\n-- \nUnsubscribe: #unsubscribe_url\nChoose what you allow: #preferences_url\n\n",
    )
    assert "<p>anne@example.com</p>" in shown["html"]
    assert shown["html"].index('href="#unsubscribe_url"') < shown["html"].index('href="#preferences_url"')
    assert page("email", "preview", data=email_form(html="{{ nothing }}")).json()["errors"]


def test_a_preview_needs_the_right_to_see_emails(client):
    client.force_login(UserFactory())

    assert client.post(reverse("admin:campaigns_email_preview"), email_form()).status_code == 403


def test_a_test_is_sent_to_whoever_asks(admin_client, admin_user, smtp, anne):
    email = EmailFactory(subject_line="Hello {{ contact.first_name }}")
    address = reverse("admin:campaigns_email_send_test", args=[email.pk])

    admin_client.get(address)
    assert smtp.mails == []
    admin_client.post(address, {"_form_submitted": "on"})

    ((to, mail),) = smtp.mails
    assert (to, mail["Subject"]) == ([admin_user.email], "[Test] Hello Anne")


def test_an_sms_is_previewed_and_counted(page, anne):
    shown = page("sms", "preview", data={"body": "Hi {{ contact.first_name }} ê", "preview_contact": anne.pk}).json()

    way_out = links.preferences(Ref(2**40, 2**40, 2**40))  # nobody's, and as long as one can get
    text = f"Hi Anne ê\nStop: {way_out}"
    assert shown == {"text": text, "length": f"{len(text)} characters (UCS-2), 2 SMS"}
    own = page("sms", "preview", data={"body": "Hi {{ contact.first_name }} ê STOP", "preview_contact": anne.pk}).json()
    assert own == {"text": "Hi Anne ê STOP", "length": "14 characters (UCS-2), 1 SMS"}


# --- campaigns --------------------------------------------------------------------------------------------------------


def test_a_step_that_is_taken_out_is_archived_with_its_history(page, anne):
    campaign = CampaignFactory()
    step = StepFactory(campaign=campaign, type="wait", params={"amount": 1, "unit": "days", "at": None, "weekdays": []})
    enrolments.enrol(campaign, [anne.pk], "manual")
    enrolments.advance_due()
    data = {
        "name": campaign.name,
        "description": "",
        "steps-TOTAL_FORMS": 1,
        "steps-INITIAL_FORMS": 1,
        "steps-0-id": step.pk,
        "steps-0-campaign": campaign.pk,
        "steps-0-type": "wait",
        "steps-0-params__amount": "1",
        "steps-0-params__unit": "days",
        "steps-0-position": "0",
        "steps-0-DELETE": "on",
    }

    page("campaign", "change", campaign.pk, data=data)

    assert Step.objects.get().archived_at is not None
    assert StepRun.objects.count() == 1
    assert "steps-0-id" not in page("campaign", "change", campaign.pk).content.decode()


def test_a_campaign_is_started_for_a_contact_by_hand(page, anne):
    campaign = CampaignFactory()

    response = page("enrolment", "add", data={"contact": anne.pk, "campaign": campaign.pk, "note": ""})

    assert response.status_code == 302
    assert list(Enrolment.objects.values_list("contact", "campaign", "reason", "note")) == [
        (anne.pk, campaign.pk, "manual", "admin")
    ]


def test_leaving_by_hand(admin_client, anne):
    campaign = CampaignFactory()
    enrolments.enrol(campaign, [anne.pk], "manual")

    admin_client.post(
        reverse("admin:campaigns_enrolment_changelist"),
        {"action": "leave", "_selected_action": [Enrolment.objects.get().pk]},
    )

    assert (Enrolment.objects.get().state, Campaign.objects.count()) == ("left", 1)


# --- webinars and integrations ----------------------------------------------------------------------------------------


def test_attendance_is_marked_as_events(admin_client, anne):
    webinar = WebinarFactory()
    row = Registration.objects.create(webinar=webinar, contact=anne, registered_at=timezone.now())

    for _again in range(2):
        admin_client.post(
            reverse("admin:campaigns_registration_changelist"),
            {"action": "mark_attended", "_selected_action": [row.pk]},
        )

    assert list(Hit.objects.values_list("kind", "contact_id")) == [(Kind.WEBINAR_ATTENDED, anne.pk)]


def test_an_integration_is_tried_and_its_secret_shown(admin_client, receiver):
    crm = IntegrationFactory(url=receiver.url)

    assert crm.secret in admin_client.get(reverse("admin:campaigns_integration_change", args=[crm.pk])).content.decode()
    admin_client.post(reverse("admin:campaigns_integration_ping", args=[crm.pk]), {"_form_submitted": "on"})
    assert len(receiver.requests) == 1

    admin_client.post(reverse("admin:campaigns_integration_renew_secret", args=[crm.pk]), {"_form_submitted": "on"})
    assert Integration.objects.get().secret != crm.secret


def test_switching_an_integration_on_again_forgets_why_it_was_off(page):
    crm = IntegrationFactory(is_active=False, disabled_reason="It answered 410 Gone.")

    page("integration", "change", crm.pk, data={"name": crm.name, "url": crm.url, "is_active": "on"})

    crm.refresh_from_db()
    assert (crm.is_active, crm.disabled_reason) == (True, "")


# --- the contact page -------------------------------------------------------------------------------------------------


def test_the_contact_page_tells_what_was_done(admin_client, anne):
    a_trigger()
    triggers.fire([move(anne, 0, 60)])
    delivery.perform_due()

    shown = admin_client.get(reverse("admin:contacts_contact_overview", args=[anne.pk])).content.decode()

    assert "0 → 60" in shown
    assert 'data-delivery="change_tags" data-state="sent"' in shown
    assert "The action “carrier_pigeon” is not installed." in shown


def test_a_list_that_names_the_same_rows_reads_them_once(page):
    email = EmailFactory()
    DeliveryFactory(type="send_email", params={"email": email.pk})
    page("delivery")
    with CaptureQueriesContext(connection) as one:
        page("delivery")
    DeliveryFactory.create_batch(5, type="send_email", params={"email": email.pk})
    with CaptureQueriesContext(connection) as six:
        page("delivery")

    assert len(six) == len(one)
