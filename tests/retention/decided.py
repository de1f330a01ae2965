"""What tests of retention are made of: lengths decided and applied at once, and what to compare before and after."""

import uuid
from datetime import timedelta

from django.utils import timezone

from contacts.privacy.retention import kinds, policies, runs
from scoring import reconciliation
from scoring.models import ContactScore, PointEntry
from tests.factories import ContactFactory, UserFactory
from tracking import inbox, subjects
from tracking.models import Event, Verdict
from tracking.models import Kind as EventKind

CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36"
OLD, NEW = {"days": 700}, {"days": 20}


def ago(**span):
    return timezone.now() - timedelta(**span)


def apply(**lengths):
    """Decide, run, and say what went."""
    for key, length in lengths.items():
        policies.decide(kinds[key], length)
    run = runs.ask(UserFactory())  # asked for by somebody: looks from the beginning
    assert runs.carry(run.pk) is False
    run.refresh_from_db()
    assert (run.errors, run.finished_at is not None) == ({}, True)
    return run.counts


def event(at, kind=EventKind.PAGE_VISITED, **fields):
    month = at.date().replace(day=1)
    inbox.ensure_months("tracking_event", [month])
    return Event.objects.create(kind=kind, at=at, **fields)


def wrong():
    return [finding for _count, found in reconciliation.findings() for finding in found]


def scores():
    return sorted(ContactScore.objects.values_list("contact", "group", "score"), key=str)


def lines():
    names = ("contact", "action", "version", "object_id", "period", "hits", "credited", "first_at", "last_at")
    return sorted(PointEntry.objects.values_list(*names))


def world_of_visits(page):
    """Visits of a page on one old day and one new one: by browsers, by nobody, by machines, by a contact."""
    about = subjects.register(page.subject_type, page.pk, str(page))
    one, other = uuid.uuid4(), uuid.uuid4()
    day = timezone.localtime(ago(**OLD)).replace(hour=12)
    for at in (day, day + timedelta(hours=1), ago(**NEW)):
        visit = {"kind": EventKind.LANDING_PAGE_VISITED, "subject": about, "at": at}
        event(visitor_id=one, **visit)
        event(visitor_id=one, **visit)
        event(visitor_id=other, verdict=Verdict.HUMAN, **visit)
        event(visitor_id=uuid.uuid4(), verdict=Verdict.SCANNER, **visit)
        event(**visit)
    event(day, kind=EventKind.LANDING_PAGE_VISITED, subject=about, contact=ContactFactory(), visitor_id=uuid.uuid4())
    event(day, kind=EventKind.PAGE_VISITED, visitor_id=one)  # about nothing
    return about, day.date()
