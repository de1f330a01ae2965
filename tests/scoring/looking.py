"""The engine as the tests see it, told the way the oracle tells it."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from django.utils import timezone

from scoring import previews, sql, valuation
from scoring.models import (
    ContactScore,
    Forecast,
    PointEntry,
    Sweep,
)
from tests.scoring import oracle


def today():
    return oracle.day_of(timezone.now())


def book(rulebook):
    """A rulebook, comparable: who counts what at which price, and the terms (but for the epoch, a matter of storage)."""
    intervals = sorted((one.version_id, one.valid_from, one.valid_until, one.worth) for one in rulebook.intervals)
    said = sorted(
        (
            one.id,
            one.weight,
            one.half_life_days or 0,
            str((one.floor, one.ceiling)),
            one.cap_points or 0,
            one.cap_period,
        )
        for one in rulebook.terms
    )
    return intervals, said, rulebook.floor, rulebook.ceiling


def told(lines: Iterable[oracle.Line], on):
    """Lines as both sides tell them: {key: (hits, credited, cut, expires on, is expired)}."""
    return {line.key: (line.hits, line.credited, line.cut, line.expires_on, line.is_expired(on)) for line in lines}


def ledger_lines():
    entries = PointEntry.objects.select_related("version")
    return {
        (e.contact_id, e.action_id, e.version.number, e.object_id, e.period): (
            e.hits,
            e.credited,
            e.cut,
            e.expires_on,
            e.is_expired,
        )
        for e in entries
    }


def stored_scores(world, on):
    found = sql.values([contact.pk for contact in world.contacts], on)
    return {key: value for key, value in found.items() if value}


def up_to_date(world):
    """The contacts that no sweep is owed to: their sums must be those of their lines."""
    owed = Sweep.objects.filter(finished_at__isnull=True, day__isnull=True).order_by("-id").first()
    rows = ContactScore.objects.filter(group=None, contact__in=world.contacts)
    return list((rows.filter(swept__gte=owed.pk) if owed else rows).values_list("contact", flat=True))


def evaluated(rulebook, world, at):
    """What valuation makes of everybody at an instant: lines as `told`, and scores."""
    ids = [contact.pk for contact in world.contacts]
    rows = valuation.lines(rulebook, ids, at)
    found = {
        (r["contact_id"], r["action_id"], r["number"], r["object_id"], r["period"]): (
            r["hits"],
            r["credited"],
            r["cut"],
            r["expires_on"],
            r["is_expired"],
        )
        for r in rows
    }
    values = valuation.scores(rulebook, ids, at)
    return found, {key: value for key, value in values.items() if value}


def forecast(draft, scope):
    previews.request(draft, scope)
    while previews.step(size=2):
        pass
    rows = Forecast.objects.filter(publication=draft)
    return {(row.contact_id, row.group_id): (row.before, row.after) for row in rows}


def moved(before, after):
    """{(contact, group): (before, after)} of the scores that differ."""
    keys = {*before, *after}
    none = Decimal()
    return {
        key: (before.get(key, none), after.get(key, none))
        for key in keys
        if before.get(key, none) != after.get(key, none)
    }
