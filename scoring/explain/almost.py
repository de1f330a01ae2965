"""What almost counted: what matched a rule and earned nothing, or not in full, and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from contacts import consent_policies
from contacts.models import Consent, Contact, Purpose
from scoring.explain import accounts, notes
from scoring.explain.accounts import Counted
from scoring.explain.lines import Occasions
from scoring.models import PointActionVersion, Repeat
from scoring.rulebook import GroupTerms, Rulebook, group_terms
from scoring.sql import statements
from tracking import subjects
from tracking.consents import PURPOSE_OF
from tracking.models import Subject, Visitor
from tracking.verdicts.wording import why_not

DEPTH = 1000  # the newest events that are looked through
LIMIT = 50


class Reason(StrEnum):
    REPEAT = "repeat"  # the repeat policy counts it less often
    CAP = "cap"  # the rule's limit
    GROUP_CAP = "group_cap"
    EXPIRED = "expired"
    MACHINE = "machine"  # not a person
    CONSENT = "consent"  # what happened then was allowed, and is not any more
    WINDOW = "window"  # outside the dates of the rule
    BEFORE = "before"  # the rule was not in force yet
    AFTER = "after"  # the rule no longer counted it


@dataclass(frozen=True)
class Missed:
    """Something that happened so many `times` and was not counted, at `each` points a time; `lost`: points not counted, where
    that is known."""

    reason: Reason
    why: str
    name: str  # of the rule
    version: int
    action_id: int
    about: str
    times: int
    each: int
    lost: int | None
    first_at: datetime
    last_at: datetime
    subject: Subject | None = field(default=None, compare=False, repr=False)  # None where it may have been several


@dataclass(frozen=True)
class Refusal:
    """A consent that is not given: what needs it is not stored as this person's, and cannot be listed."""

    purpose: str
    why: str
    since: datetime | None


@dataclass(frozen=True)
class AlmostCounted:
    missed: Sequence[Missed]
    refusals: Sequence[Refusal]

    def __bool__(self) -> bool:
        return bool(self.missed or self.refusals)


def almost(
    contact: Contact, *, at: datetime | None = None, book: Rulebook | None = None, limit: int = LIMIT
) -> AlmostCounted:
    """The newest that almost counted now, or by a rulebook at an instant; `at` alone asks for the rules in force then.

    Looks through the newest 1,000 events and lines; the number of queries does not depend on them.
    """
    if at and not book:
        book = Rulebook.as_of(at)
    rows = _lossy(contact.pk, book, at, limit)
    events = statements.uncounted(contact.pk, at or timezone.now(), DEPTH, limit, book.parameters() if book else None)
    ids = {row.version_id for row in rows if row.version_id} | {event["version_id"] for event in events}
    versions = {one.pk: one for one in PointActionVersion.objects.filter(pk__in=ids).select_related("action", "group")}
    missed = [*_of_lines(contact.pk, rows, versions, book), *_of_events(events, versions)]
    missed.sort(key=lambda one: (one.last_at, one.times), reverse=True)
    return AlmostCounted(missed[:limit], list(_refusals(contact, at)))


def _lossy(contact_id: int, book: Rulebook | None, at: datetime | None, limit: int) -> list[Counted]:
    if book is None:
        return accounts.lossy(contact_id, limit)
    rows = accounts.lines(contact_id, book, at)
    return [row for row in rows if row.credited < row.hits or row.cut or row.is_expired][:limit]


def _of_lines(
    contact_id: int, rows: Sequence[Counted], versions: dict[int, PointActionVersion], book: Rulebook | None
) -> Iterator[Missed]:
    occasions = Occasions(contact_id, rows, versions)
    known = {one.id: one for one in book.terms} if book else {}
    for row in rows:
        version = versions[row.version_id or 0]
        terms = known.get(row.group_id) or group_terms(version.group, row.group_id, version.group.epoch)
        about = occasions.of(row, version)
        for reason, why, times, lost in _losses(row, version, terms):
            yield Missed(
                reason, why, version.name, version.number, version.action_id, about, times, row.worth, lost,
                row.first_at, row.last_at, occasions.objects.get(row.object_id),
            )  # fmt: skip


def _losses(
    row: Counted, version: PointActionVersion, terms: GroupTerms
) -> Iterator[tuple[Reason, str, int, int | None]]:
    """Each way in which a line earned less than it might have: why, how many hits and how many points it cost."""
    repeated, capped = row.hits - row.occurring, row.occurring - row.credited
    if repeated and version.kind is not None:
        if row.occurring == 0:
            yield Reason.REPEAT, notes.taken(), repeated, None
        elif version.repeat == Repeat.ALWAYS:
            yield Reason.CAP, notes.over_cap(version), repeated, repeated * row.worth
        else:
            yield Reason.REPEAT, notes.policy(version), repeated, None
    if capped and version.kind is not None:
        if version.cap_amount is None:
            yield Reason.REPEAT, notes.taken(), capped, None
        else:
            yield Reason.CAP, notes.over_cap(version), capped, capped * row.worth
    if row.cut:
        yield Reason.GROUP_CAP, notes.cut(row.cut, row.credited * row.worth, terms), row.credited, row.cut
    if row.is_expired and row.earned and row.expires_on:
        yield Reason.EXPIRED, notes.expired(row.expires_on), row.credited, row.earned


def _of_events(events: Sequence[Mapping[str, Any]], versions: dict[int, PointActionVersion]) -> Iterator[Missed]:
    about = Subject.objects.in_bulk({event["subject_id"] for event in events if event["subject_id"]})
    names = subjects.names(about.values())
    for event in events:
        version, reason = versions[event["version_id"]], Reason(event["reason"])
        yield Missed(
            reason=reason,
            why=_why(reason, version, event["verdict"], event["reasons"]),
            name=version.name,
            version=version.number,
            action_id=version.action_id,
            about=names.get(event["subject_id"], ""),
            times=event["times"],
            each=event["worth"],
            lost=None,
            first_at=event["first_at"],
            last_at=event["last_at"],
            subject=about.get(event["subject_id"]),
        )


def _why(reason: Reason, version: PointActionVersion, verdict: int | None, reasons: int | None) -> str:
    if reason == Reason.MACHINE:
        return why_not(verdict, reasons)
    if reason == Reason.CONSENT:
        return _("the contact does not allow it to be counted (any more)")
    if reason == Reason.WINDOW:
        return _outside(version)
    if reason == Reason.BEFORE:
        values = {"number": version.number, "day": _day(version.valid_from)}
        return _("version %(number)d of the rule counts from %(day)s on") % values
    if version.action.archived_at or not version.action.is_active:
        return _("the rule was no longer in use; it ended on %(day)s") % {"day": _day(version.valid_until)}
    values = {"number": version.number, "day": _day(version.valid_until)}
    return _("only version %(number)d of the rule counted this; it ended on %(day)s") % values


def _outside(version: PointActionVersion) -> str:
    begin, end = version.active_from, version.active_until
    if begin and end:
        values = {"begin": _day(begin), "end": _day(end)}
        return _("outside the dates of the rule: it counts from %(begin)s to %(end)s") % values
    if begin:
        return _("outside the dates of the rule: it counts from %(begin)s on") % {"begin": _day(begin)}
    return _("outside the dates of the rule: it counts until %(end)s") % {"end": _day(end)}


def _refusals(contact: Contact, at: datetime | None) -> Iterator[Refusal]:
    """Purposes that events need and that are refused, or not agreed to where an explicit yes is needed."""
    given = Consent.objects.filter(contact=contact, given_at__lte=at or timezone.now())
    latest = given.order_by("purpose", "-given_at", "-id").distinct("purpose")
    answers = {answer.purpose: answer for answer in latest}
    yield from _no_profiling(answers.get(Purpose.PROFILING))
    for purpose in dict.fromkeys(PURPOSE_OF.values()):
        answer = answers.get(purpose)
        if answer and not answer.granted:
            values = {"purpose": purpose.label, "day": _day(answer.given_at)}
            why = (
                _("%(purpose)s: refused on %(day)s. What needs it is not stored as theirs and earns nothing.") % values
            )
            yield Refusal(purpose, why, answer.given_at)
        elif not answer and purpose in consent_policies.required() and not _by_browser(purpose, contact):
            why = _("%(purpose)s: not agreed to yet. What needs it is not stored as theirs and earns nothing.")
            yield Refusal(purpose, why % {"purpose": purpose.label}, None)


def _by_browser(purpose: Purpose, contact: Contact) -> bool:
    """Is it each browser's own answer that counts? A browser is known as a visitor only after a yes."""
    return purpose == Purpose.WEB_TRACKING and Visitor.objects.filter(contact=contact).exists()


def _no_profiling(answer: Consent | None) -> Iterator[Refusal]:
    purpose = Purpose.PROFILING
    if answer and not answer.granted:
        values = {"purpose": purpose.label, "day": _day(answer.given_at)}
        why = _("%(purpose)s: refused on %(day)s. No points are computed at all.") % values
        yield Refusal(purpose, why, answer.given_at)
    elif not answer and purpose in consent_policies.required():
        why = _("%(purpose)s: not agreed to yet. No points are computed at all.") % {"purpose": purpose.label}
        yield Refusal(purpose, why, None)


def _day(moment: datetime | None) -> str:
    return date_format(timezone.localtime(moment), "DATE_FORMAT") if moment else ""
