"""Changes of a contact's own data become events, those of bulk work held ones."""

from datetime import timedelta

import pytest
from django.utils import timezone

from campaigns.models import Trigger
from config import pipeline
from contacts import consent, holding, segments, stages, tagging
from contacts.models import Change, Contact, DoNotContact
from scoring import rules
from scoring.models import ContactScore, PointAction, PointEntry, PointGroup
from tests.factories import AssetFactory, CompanyFactory, SegmentFactory, StageFactory, SubjectFactory, TagFactory
from tests.scoring.conftest import happen
from tests.tracking.visiting import AT, owners
from tracking import inbox
from tracking.models import Event, Kind

pytestmark = pytest.mark.django_db


def kinds_of(contact):
    return list(Event.objects.filter(contact=contact).order_by("id").values_list("kind", "data"))


def test_every_change_of_a_contact_becomes_an_event(ada):
    tag, segment = TagFactory(), SegmentFactory()
    first, second = StageFactory(), StageFactory()
    company = CompanyFactory(name="Boréal")
    pipeline.drain()
    Event.objects.all().delete()

    Contact.objects.filter(pk=ada.pk).update(city="Lyon", company=company)
    company.industry = "Brewing"
    company.save()
    tagging.add([ada.pk], [tag])
    tagging.remove([ada.pk], [tag])
    segments.add(segment, [ada.pk])
    segments.remove(segment, [ada.pk])
    stages.set_stage([ada.pk], first)
    stages.set_stage([ada.pk], second)
    consent.give(ada, "profiling", source="fair")
    consent.block(ada, "email", DoNotContact.Reason.BOUNCED)
    consent.unblock(ada, "email")
    pipeline.drain()

    decided = {"reason": "manual", "note": ""}
    expected = [
        (Kind.CONTACT_CHANGED, {"city": ["", "Lyon"], "company_id": [None, company.pk]}),
        (Kind.CONTACT_CHANGED, {"id": company.pk}),
        (Kind.TAG_ADDED, {"id": tag.pk}),
        (Kind.TAG_REMOVED, {"id": tag.pk}),
        (Kind.SEGMENT_ENTERED, {"id": segment.pk, **decided}),
        (Kind.SEGMENT_LEFT, {"id": segment.pk, **decided}),
        (Kind.CONTACT_CHANGED, {"stage_id": [None, first.pk]}),
        (Kind.CONTACT_CHANGED, {"stage_id": [first.pk, second.pk]}),
        (Kind.CONSENT_CHANGED, {"purpose": "profiling", "granted": True, "source": "fair"}),
        (Kind.BLOCKED, {"channel": "email", "reason": "bounced"}),
        (Kind.UNBLOCKED, {"channel": "email", "reason": "bounced"}),
        (Kind.STAGE_CHANGED, {"stage_id": [None, first.pk]}),
        (Kind.STAGE_CHANGED, {"stage_id": [first.pk, second.pk]}),
    ]
    assert kinds_of(ada) == expected
    assert Change.objects.count() == 0


def test_a_new_contact_is_an_event_and_a_deleted_one_leaves_none(ada, bob):
    pipeline.drain()
    assert kinds_of(ada) == [(Kind.CONTACT_CREATED, {})]

    bob.city = "Lyon"
    bob.save()
    bob.delete()
    pipeline.drain()
    assert owners(Kind.CONTACT_CREATED) == ["ada@example.com"]
    assert Event.objects.filter(kind=Kind.CONTACT_CHANGED).count() == 0


def test_held_changes_and_others_are_taken_apart(ada, bob):
    Change.objects.all().delete()
    with holding.held():
        stages.set_stage([bob.pk], StageFactory())
    stages.set_stage([ada.pk], StageFactory())

    free, held = (inbox.take_changes(inbox.waiting_changes(10, held=held), held=held) for held in (False, True))

    assert (free.changed_ids, free.held, free.taken) == ({ada.pk}, False, 1)
    assert (held.changed_ids, held.held, held.taken) == ({bob.pk}, True, 1)
    assert inbox.waiting_changes(10, held=False) == []


def test_what_follows_from_held_changes_is_held(ada):
    """A bulk edit lets a contact into a dynamic segment; the points of being in it cross a threshold: it waits."""
    group = PointGroup.objects.create(name="Fit")
    french = {"all": [{"filter": "field", "field": "country", "op": "is", "value": "FR"}]}
    segment = SegmentFactory(conditions=french)
    rule_params = {"conditions": {"all": [{"filter": "segment", "op": "is", "value": segment.pk}]}}
    action = PointAction.objects.create(name="In", source="profile_matches", points=60, group=group, params=rule_params)
    rules.publish(action)
    trigger = Trigger.objects.create(name="Hot", threshold=50)
    pipeline.drain()

    with holding.held():
        Contact.objects.filter(pk=ada.pk).update(country="FR", updated_at=timezone.now() + timedelta(seconds=1))
    pipeline.drain()

    assert list(trigger.firings.values_list("contact", "state")) == [(ada.pk, "held")]


def test_deleting_a_contact_takes_events_and_points_along(ada, publish):
    publish(5)
    happen(ada, Kind.ASSET_DOWNLOADED, SubjectFactory(type="asset"), AT)
    pipeline.drain()
    AssetFactory()
    ada.delete()
    pipeline.drain()

    assert (Event.objects.count(), PointEntry.objects.count(), ContactScore.objects.count()) == (0, 0, 0)
