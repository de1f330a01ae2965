"""Which rules a score is asked about: those in force then, today's, the draft's, or those around a publication or a save."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, F, Min, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from contacts.numerals import number_in
from scoring import previews
from scoring.models import Edit, OverallScore, PointActionVersion, Publication, TermsVersion
from scoring.publishing import naming
from scoring.rulebook import Rulebook

THEN, TODAY, DRAFT = "then", "today", "draft"
PUBLICATIONS = SAVES = 10  # the newest, offered


@dataclass(frozen=True)
class Choice:
    key: str
    label: str


@dataclass(frozen=True)
class Change:
    """Rules that changed at a moment: by a publication, or by a version that was saved at once. `key` names which."""

    key: str
    name: str
    at: datetime


class UnknownRules(LookupError):
    """There are no such rules; its sentence says so."""


def choices() -> list[Choice]:
    """What can be chosen now, the usual first."""
    found = [Choice(THEN, _("in force then")), Choice(TODAY, _("of today"))]
    if draft():
        found.append(Choice(DRAFT, _("of the draft, as if published also for the past")))
    for one in [*published(), *saved()]:
        values = {"name": one.name, "day": _day(one.at)}
        found.append(Choice(f"before-{one.key}", _("before “%(name)s” (%(day)s)") % values))
        found.append(Choice(f"after-{one.key}", _("after “%(name)s” (%(day)s)") % values))
    return found


def read(key: str, at: datetime) -> Rulebook:
    """The rules of this key, for a score at an instant. Raises UnknownRules, with a sentence."""
    if key == THEN:
        return Rulebook.as_of(at)
    if key == TODAY:
        return Rulebook.current()
    if key == DRAFT and (found := draft()):
        return previews.sketch(found, timezone.now(), Publication.Scope.PAST).book
    side, _dash, changed = key.partition("-")
    if side in ("before", "after") and (moment := _moment(changed)):
        return Rulebook.as_of(moment - timedelta(microseconds=side == "before"))
    raise UnknownRules(_("There are no such rules (any more)."))


def draft() -> Publication | None:
    """The draft, if there is anything in it."""
    edits = Edit.objects.filter(publication=OuterRef("pk"))
    return Publication.objects.filter(Exists(edits), state=Publication.State.DRAFT).first()


def published() -> Sequence[Change]:
    """The newest publications, the latest first."""
    newest = _published().order_by("-published_at").prefetch_related("edits")[:PUBLICATIONS]
    return [Change(str(one.pk), naming.name(one), one.published_at) for one in newest if one.published_at]


def saved() -> Sequence[Change]:
    """The newest versions that came into force without a publication, the latest first."""
    rules = _saved_rules().order_by("-known").select_related("action")[:SAVES]
    terms = _saved_terms().order_by("-known_from").select_related("group")[:SAVES]
    found = [Change(f"rule{one.pk}", f"{one.action} v{one.number}", one.known) for one in rules]
    found += [
        Change(f"terms{one.pk}", f"{one.group or OverallScore._meta.verbose_name} v{one.number}", one.known_from)
        for one in terms
    ]
    return sorted(found, key=lambda one: one.at, reverse=True)[:SAVES]


def _moment(changed: str) -> datetime | None:
    """When it changed, by the key of a change."""
    if changed.startswith("rule"):
        return _saved_rules().filter(pk=number_in(changed.removeprefix("rule"))).values_list("known", flat=True).first()
    if changed.startswith("terms"):
        known = _saved_terms().filter(pk=number_in(changed.removeprefix("terms")))
        return known.values_list("known_from", flat=True).first()
    return _published().filter(pk=number_in(changed)).values_list("published_at", flat=True).first()


def _published() -> QuerySet[Publication]:
    return Publication.objects.filter(published_at__isnull=False)


def _saved_rules() -> QuerySet[Any]:
    """Versions of rules, with the moment each first counted anything (`known`); drafts never did."""
    with_draft = Edit.objects.filter(version=OuterRef("pk"), publication__published_at__isnull=False)
    counting = Q(validities__valid_from__lt=F("validities__valid_until"))
    known = PointActionVersion.objects.annotate(known=Min("validities__known_from", filter=counting))
    return known.filter(~Exists(with_draft), known__isnull=False)


def _saved_terms() -> QuerySet[TermsVersion]:
    """Versions of terms, but for the first of each: nothing was there that it changed."""
    at_once = Publication.objects.filter(published_at=OuterRef("known_from"))
    return TermsVersion.objects.filter(~Exists(at_once), number__gt=1)


def _day(moment: datetime | None) -> str:
    return date_format(timezone.localtime(moment), "SHORT_DATE_FORMAT") if moment else ""
