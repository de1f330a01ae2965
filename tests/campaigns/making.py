"""One of each thing that the admin pages of campaigns show, and what a browser posts for a trigger."""

from campaigns import enrolments, triggers
from campaigns.models import Enrolment, Firing, Message, Registration
from tests.campaigns.conftest import move
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
    WebinarFactory,
)

FRENCH = {"filter": "field", "field": "country", "op": "is", "value": "FR"}


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
