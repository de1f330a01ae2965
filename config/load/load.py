"""The generated world, in the order it is made."""

from __future__ import annotations

import time
from collections.abc import Callable

from django.db.models import Model

from campaigns.models import Email, Trigger
from config.load import events, leaderboards, people, rules, scores, segments, sql, subjects, triggers
from config.load.plan import Plan
from contacts.models import Company, Contact, CustomField, Segment, Stage, Tag
from scoring import ledger
from scoring.models import Leaderboard, PointAction, PointGroup
from tracking.models import Asset, Event, Form, Subject
from tracking.sql import ensure_months

Say = Callable[[str], None]
IN_THE_WAY: tuple[type[Model], ...] = (
    *(Contact, Event, Company, CustomField, Tag, Stage, Segment, Subject, Form, Asset, Email),
    *(PointGroup, PointAction, Leaderboard, Trigger),
)
VACUUMED = (
    *("contacts_contact", "contacts_company", "contacts_contacttag", "contacts_consent", "contacts_membership"),
    *("tracking_subject", "tracking_event", "scoring_match", "scoring_pointentry", "scoring_contactscore"),
    "campaigns_firing",
)


class InUse(Exception):
    """There is something in the database: generating deletes nothing and mixes with nothing."""


def generate(plan: Plan, say: Say = print) -> None:
    """Fill an empty instance. Refuses (InUse) one that anybody has begun to use; an interrupted one is to be dropped.

    Memory is bounded. Nothing waits for the pipeline afterwards, and no trigger has acted.
    """
    if found := in_the_way():
        raise InUse(", ".join(found))
    clock = Clock(say)
    people.create(plan)
    clock.done(f"{plan.contacts:,} contacts")
    about = subjects.create()
    groups = rules.groups()
    rules.create(plan, about, groups)
    clock.done(f"{plan.actions} point actions")
    for table in (events.TABLE, ledger.TABLE):
        ensure_months(table, events.months(plan))
    events.create(plan, about, clock.progress("events", plan.events))
    sql.vacuum(*VACUUMED)
    clock.done(f"{plan.events:,} events")
    scores.compute(plan.contacts, plan.workers, clock.progress("contacts scored", plan.contacts))
    sql.vacuum(*VACUUMED)
    clock.done("ledger and scores")
    segments.create()
    triggers.create()
    leaderboards.create(groups)
    sql.vacuum(*VACUUMED)
    clock.done("segments, triggers, leaderboards")


def in_the_way() -> list[str]:
    """What the database holds already, such as "12 contacts"."""
    counted = [(model, model._default_manager.count()) for model in IN_THE_WAY]
    return [f"{count} {model._meta.verbose_name_plural}" for model, count in counted if count]


class Clock:
    """Says what is done and how long it took."""

    def __init__(self, say: Say) -> None:
        self.say = say
        self.begun = self.said = time.monotonic()

    def done(self, what: str) -> None:
        now = time.monotonic()
        self.say(f"{what}: {now - self.begun:.0f} s")
        self.begun = self.said = now

    def progress(self, what: str, total: int) -> Callable[[int], None]:
        """Called with how much of `total` is done; says so every ten seconds."""

        def progressed(count: int) -> None:
            if time.monotonic() - self.said > 10:
                self.said = time.monotonic()
                self.say(f"  {count:,} of {total:,} {what}")

        return progressed
