"""A small world for scoring tests: groups, rules in force since 2020, subjects, and what happened."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from django.db import transaction

from scoring import ledger, matching, profiles, scores, sql
from scoring.models import ContactScore, PointEntry, PointGroup
from tracking import hits, inbox
from tracking.models import Kind, Subject

SINCE = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture
def fit(db):
    return PointGroup.objects.create(name="Fit", weight=2)


def subject(name, type=Subject.Type.ASSET, **fields):
    return Subject.objects.create(type=type, key=name, name=name, **fields)


def happen(contact, kind, about=None, at=None, **fields):
    """Put a hit into the inbox and return its key."""
    key = fields.pop("key", None) or uuid4()
    when = {"at": at} if at else {}
    hits.record(
        hits.NewHit(
            kind=kind, key=key, contact_id=contact and contact.pk, subject_id=about and about.pk, **when, **fields
        )
    )
    return key


def download(contact, asset, at=None, **fields):
    return happen(contact, Kind.ASSET_DOWNLOADED, asset, at, **fields)


def score_waiting(limit=1000):
    """The scoring half of the pipeline: what waits in the inbox becomes points. Returns the movements."""
    movements = []
    while ids := inbox.waiting(limit):
        for table in ("tracking_event", ledger.TABLE):
            inbox.ensure_months(table, inbox.waiting_months(ids, limit))
        with transaction.atomic():
            sql.share_rules()
            happened = inbox.take(ids)
            contacts = scores.lock(happened.contact_ids)
            matching.resolve_new()
            movements += scores.refresh(ledger.award(happened.event_ids) + profiles.hold(contacts))
    return movements


def lines(contact):
    """The contact's ledger: (action, version, object, period, hits, credited)."""
    rows = PointEntry.objects.filter(contact=contact).order_by("action_id", "version_id", "object_id", "period")
    return [(e.action.name, e.version.number, e.object_id, str(e.period), e.hits, e.credited) for e in rows]


def score(contact, group=None):
    return ContactScore.objects.filter(contact=contact, group=group).values_list("score", flat=True).first()
