"""Drafts of point actions, and what is looked at before and after one is published."""

from datetime import UTC, datetime
from decimal import Decimal

from config import pipeline
from scoring import previews, publications, sql
from scoring.models import (
    ContactScore,
    Forecast,
    PointEntry,
    Publication,
)
from scoring.publishing.actions import state_of

AT = datetime(2026, 3, 2, 10, tzinfo=UTC)
Scope = Publication.Scope


def edit(action, **changes):
    """The draft with this edit of an action in it."""
    draft = publications.open_draft()
    publications.add(draft, "point_action", action.pk, state_of(action) | changes)
    return draft


def previewed(draft, scope=Scope.PAST):
    previews.request(draft, scope)
    while previews.step(size=1):
        pass
    return {
        (row.contact_id, row.group_id): (row.before, row.after) for row in Forecast.objects.filter(publication=draft)
    }


def shown():
    everybody = list(ContactScore.objects.values_list("contact", flat=True).distinct())
    return {key: value for key, value in sql.values(everybody, pipeline.scores.decay.today()).items() if value}


def ledger_lines():
    return list(
        PointEntry.objects.order_by("contact_id", "version_id", "object_id", "period").values_list(
            "contact_id", "version_id", "object_id", "period", "hits", "credited", "cut"
        )
    )


def carried_out(draft, scope=Scope.PAST):
    """Publish, drain, and say what changed: {(contact, group): (before, after)}."""
    before = shown()
    publications.publish(draft, scope)
    pipeline.drain()
    after = shown()
    keys = {*before, *after}
    return {
        key: (before.get(key, Decimal()), after.get(key, Decimal()))
        for key in keys
        if before.get(key, Decimal()) != after.get(key, Decimal())
    }
