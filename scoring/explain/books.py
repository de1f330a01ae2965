"""Which rules a score is asked about: those in force then, today's, the draft's, or those around a publication."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from contacts.numerals import number_in
from scoring import previews
from scoring.models import Edit, Publication
from scoring.publishing import naming
from scoring.rulebook import Rulebook

THEN, TODAY, DRAFT = "then", "today", "draft"
PUBLICATIONS = 10  # the newest, offered


@dataclass(frozen=True)
class Choice:
    key: str
    label: str


class UnknownRules(LookupError):
    """There are no such rules; its sentence says so."""


def choices() -> list[Choice]:
    """What can be chosen now, the usual first."""
    found = [Choice(THEN, _("in force then")), Choice(TODAY, _("of today"))]
    if draft():
        found.append(Choice(DRAFT, _("of the draft, as if published also for the past")))
    for one in published():
        values = {"name": naming.name(one), "day": _day(one.published_at)}
        found.append(Choice(f"before-{one.pk}", _("before “%(name)s” (%(day)s)") % values))
        found.append(Choice(f"after-{one.pk}", _("after “%(name)s” (%(day)s)") % values))
    return found


def read(key: str, at: datetime) -> Rulebook:
    """The rules of this key, for a score at an instant. Raises UnknownRules, with a sentence."""
    if key == THEN:
        return Rulebook.as_of(at)
    if key == TODAY:
        return Rulebook.current()
    if key == DRAFT and (found := draft()):
        return previews.sketch(found, timezone.now(), Publication.Scope.PAST).book
    side, _dash, number = key.partition("-")
    if side in ("before", "after"):
        one = _published().filter(pk=number_in(number)).first()
        if one and one.published_at:
            return Rulebook.as_of(one.published_at - timedelta(microseconds=side == "before"))
    raise UnknownRules(_("There are no such rules (any more)."))


def draft() -> Publication | None:
    """The draft, if there is anything in it."""
    edits = Edit.objects.filter(publication=OuterRef("pk"))
    return Publication.objects.filter(Exists(edits), state=Publication.State.DRAFT).first()


def published() -> Sequence[Publication]:
    return list(_published().prefetch_related("edits")[:PUBLICATIONS])


def _published() -> QuerySet[Publication]:
    return Publication.objects.filter(published_at__isnull=False).order_by("-published_at")


def _day(moment: datetime | None) -> str:
    return date_format(timezone.localtime(moment), "SHORT_DATE_FORMAT") if moment else ""
