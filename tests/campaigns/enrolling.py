"""What the tests of enrolments share: steps, events that enrol, and how far somebody is."""

from django.utils import timezone

from campaigns.models import StepRun
from tests.factories import StepFactory
from tracking.models import Event, Kind

FRENCH = {"filter": "field", "field": "country", "op": "is", "value": "FR"}
HOUR = {"amount": 1, "unit": "hours", "at": None, "weekdays": []}


def add_tag(campaign, tag, position):
    return StepFactory(campaign=campaign, type="change_tags", params={"add": [tag.pk], "remove": []}, position=position)


def event(kind, contact, about=None, data=None, at=None):
    """An event as the inbox makes it; returns its id."""
    row = Event(kind=kind, at=at or timezone.now(), contact=contact, subject=about, data=data or {})
    row.save(force_insert=True)
    return row.pk


def entered(segment, contact, kind=Kind.SEGMENT_ENTERED, **values):
    return event(kind, contact, data={"id": segment.pk}, **values)


def state(campaign):
    rows = campaign.enrolments.order_by("contact__email", "cycle")
    return list(rows.values_list("contact__email", "cycle", "state", "reason"))


def runs(campaign):
    rows = StepRun.objects.filter(enrolment__campaign=campaign).order_by("id")
    return list(rows.values_list("enrolment__contact__email", "step__type", "outcome"))
