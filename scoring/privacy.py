"""Scoring's part of a person's data: their scores, explained line by line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from contacts.privacy import Column, Part, Person, Section, columns_of, parts
from contacts.privacy.parts import Erasing
from scoring import sql
from scoring.explain import explain
from scoring.models import OF_CONTACTS, Adjustment, ContactScore, Holding, PointEntry, SweepContact


@parts.register
class Points(Part):
    """Lines and sums are of the person alone, so they go; what they were earned with is tracking's."""

    key = "scoring"
    position = 20
    lock_position = 10
    covers = OF_CONTACTS
    # Work in progress of the machinery, and what a draft that was never published would change.
    derived = frozenset({"scoring.SweepContact", "scoring.SetAside", "scoring.Forecast"})

    def sections(self, person: Person) -> Iterator[Section]:
        statement = explain(person.contact)
        kept = set(_scores(person.ids).values_list("group", flat=True))
        scores: list[Any] = [
            (group.group.name, group.score, group.weighted) for group in statement.groups if group.group.pk in kept
        ]
        columns = {
            "group": Column(_("point group"), lambda row: row[0]),
            "score": Column(_("score"), lambda row: row[1]),
            "weighted": Column(_("part of the overall score"), lambda row: row[2]),
        }
        yield Section("scores", _("Your scores"), columns, scores, ["scoring.ContactScore"])
        overall = [statement] if statement.groups else []
        columns = {"score": Column(_("score"), lambda row: row.overall), "day": Column(_("on"), lambda row: row.day)}
        yield Section("overall_score", _("Your overall score"), columns, overall)
        lines = [(group.group.name, line) for group in statement.groups for line in group.lines]
        yield Section("score_lines", _("What your scores are made of"), _line(), lines)
        entries = PointEntry.objects.filter(contact__in=person.ids).select_related("version", "action").order_by("pk")
        columns = {
            "rule": Column(_("rule"), lambda row: row.action.name),
            "version": Column(_("version"), lambda row: row.version.number),
            "hits": Column(_("times"), lambda row: row.hits),
            "credited": Column(_("counted"), lambda row: row.credited),
            "points": Column(_("points"), lambda row: row.points),
            "first_at": Column(_("first"), lambda row: row.first_at),
            "last_at": Column(_("last"), lambda row: row.last_at),
            "expires_on": Column(_("expires"), lambda row: row.expires_on),
        }
        yield Section("ledger", _("Lines of the ledger"), columns, entries, ["scoring.PointEntry"])
        given = Adjustment.objects.filter(contact__in=person.ids).select_related("group").order_by("at", "pk")
        columns = columns_of(Adjustment, "group", "points", "origin", "note", "at")
        yield Section("adjustments", _("Points given or taken by hand"), columns, given, ["scoring.Adjustment"])
        held = Holding.objects.filter(contact__in=person.ids).select_related("version").order_by("pk")
        columns = {
            "rule": Column(_("rule"), lambda row: row.version.name),
            "since": Column(_("since"), lambda row: row.since),
            "until": Column(_("until"), lambda row: row.until),
        }
        yield Section("profile_lines", _("Rules about who you are"), columns, held, ["scoring.Holding"])

    def lock(self, ids: Sequence[int]) -> None:
        """Wait for the batches that are under way, and keep new ones out: none comes upon half an erasure."""
        sql.own_rules()

    def erase(self, erasing: Erasing) -> None:
        ids = erasing.ids
        erasing.delete(PointEntry.objects.filter(contact__in=ids))
        SweepContact.objects.filter(contact__in=ids).delete()
        whose = {pk: person.contact.pk for person in erasing.people for pk in person.ids}
        groups = {(whose[pk], group) for pk, group in _scores(ids).values_list("contact", "group")}
        erasing.note("scoring.ContactScore", len(groups))  # as a copy lists them
        ContactScore.objects.filter(contact__in=ids).delete()


def _scores(ids: Sequence[int]) -> QuerySet[ContactScore]:
    """Those of groups: the overall score is what they come to."""
    return ContactScore.objects.order_by().filter(contact__in=ids, group__isnull=False)


def _line() -> dict[str, Column]:
    return {
        "group": Column(_("point group"), lambda row: row[0]),
        "name": Column(_("rule"), lambda row: row[1].name),
        "about": Column(_("about"), lambda row: row[1].about),
        "points": Column(_("points"), lambda row: row[1].points),
        "hits": Column(_("times"), lambda row: row[1].hits),
        "first_at": Column(_("first"), lambda row: row[1].first_at),
        "last_at": Column(_("last"), lambda row: row[1].last_at),
        "note": Column(_("note"), lambda row: row[1].note),
    }
