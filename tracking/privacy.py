"""Tracking's part of a person's data: what they did, in which browsers, and what they sent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from contacts.privacy import Column, Part, Person, Section, columns_of, parts
from contacts.privacy.parts import Erasing, File, choice
from tracking import merging_sql, subjects, uploads, wording
from tracking import privacy_sql as sql
from tracking.inbox import KIND_OF_CHANGE
from tracking.models import (
    Confirmation,
    Event,
    FormSubmission,
    HeldSubmission,
    Hit,
    Kind,
    Mark,
    Upload,
    Verdict,
    Visitor,
)

BROWSERS_AT_ONCE = 10_000
OWN = sorted({int(kind) for kind in (*KIND_OF_CHANGE.values(), Kind.STAGE_CHANGED)})


@parts.register
class Deeds(Part):
    key = "tracking"
    position = 10
    lock_position = 30
    covers = frozenset(
        f"tracking.{name}"
        for name in (
            "Event", "Visitor", "FormSubmission", "Tie", "Mark", "Confirmation", "Hit", "Upload", "HeldSubmission",
        )
    )  # fmt: skip
    derived = frozenset({"tracking.Tie"})  # what the visitors and events tell, once more
    keeps = frozenset({"tracking.Event", "tracking.FormSubmission"})

    def sections(self, person: Person) -> Iterator[Section]:
        ids, asked = person.ids, subjects.Questions()
        events = (
            Event.objects.filter(contact__in=ids).select_related("subject", "agent", "network").order_by("at", "id")
        )
        yield Section("events", _("What you did, and what was noted"), _event(asked), events, ["tracking.Event"])
        visitors = Visitor.objects.filter(contact__in=ids).order_by("first_seen_at", "pk")
        columns = columns_of(Visitor, "first_seen_at", "last_seen_at", id=Column(_("number"), lambda row: row.pk))
        columns["first_seen_at"] = Column(_("first seen"), lambda row: row.first_seen_at)
        columns["last_seen_at"] = Column(_("last seen"), lambda row: row.last_seen_at)
        yield Section("browsers", _("Browsers you used"), columns, visitors, ["tracking.Visitor"])
        sent = FormSubmission.objects.filter(contact__in=ids).select_related("form").order_by("at", "pk")
        answers = Column(_("answers"), lambda row: row.answers, lambda row: asked.told(row.form_id, row.answers))
        columns = columns_of(FormSubmission, "at", "form", "url", answers=answers)
        yield Section("submissions", _("Forms you filled in"), columns, sent, ["tracking.FormSubmission"])
        held = HeldSubmission.objects.filter(pk__in=sql.held(person.emails)).select_related("form").order_by("pk")
        answers = Column(_("answers"), _answers, lambda row: asked.told(row.form_id, _answers(row)))
        columns = columns_of(HeldSubmission, "at", "form", answers=answers)
        columns["form"] = Column(_("form"), lambda row: row.form.name)
        yield Section(
            "held_submissions",
            _("Forms you filled in that were taken for spam"),
            columns,
            held,
            ["tracking.HeldSubmission"],
        )
        files = self._uploads(ids, person.emails)
        columns = columns_of(Upload, "name", "size", "created_at", id=Column(_("number"), lambda row: row.pk))
        columns["file"] = Column(_("in this copy"), lambda row: f"files/{_name(row)}")
        yield Section("files", _("Files you sent"), columns, files, ["tracking.Upload"])
        waiting_for = Confirmation.objects.filter(contact__in=ids).select_related("form").order_by("asked_at", "pk")
        columns = columns_of(Confirmation, "form", "email", "consents", "ip", "asked_at", "sent_at", "confirmed_at")
        yield Section(
            "confirmations", _("Confirmations asked of you by mail"), columns, waiting_for, ["tracking.Confirmation"]
        )
        marks = Mark.objects.filter(contact__in=ids).order_by("pk")
        columns = columns_of(Mark, "is_machine", "note", "created_at", "undone_at")
        yield Section("marks", _("Whether you were taken for a machine"), columns, marks, ["tracking.Mark"])
        waiting = Hit.objects.filter(pk__in=sql.hits(ids, person.emails)).order_by("pk")
        columns = columns_of(Hit, "kind", "at", "url", "user_agent", "ip", "data")
        yield Section("hits", _("What is being processed"), columns, waiting, ["tracking.Hit"])

    def files(self, person: Person) -> Iterator[File]:
        for row in self._uploads(person.ids, person.emails):
            yield File(_name(row), partial(row.file.open, "rb"))

    def _uploads(self, ids: Sequence[int], emails: Sequence[str]) -> Any:
        keys = FormSubmission.objects.filter(contact__in=ids).values("key")
        held = HeldSubmission.objects.filter(pk__in=sql.held(emails)).values("key")
        return Upload.objects.filter(Q(submission_key__in=keys) | Q(submission_key__in=held)).order_by(
            "created_at", "pk"
        )

    def lock(self, ids: Sequence[int]) -> None:
        merging_sql.lock_visitors(ids)

    def erase(self, erasing: Erasing) -> None:
        ids, emails = erasing.ids, erasing.emails
        visitors = merging_sql.lock_visitors(ids)
        erasing.note("tracking.Upload", uploads.forget(self._uploads(ids, emails)))
        erasing.delete(HeldSubmission.objects.filter(pk__in=sql.held(emails)))
        erasing.delete(Hit.objects.filter(pk__in=sql.hits(ids, emails)))
        erasing.note("tracking.Event", sql.make_nameless([person.ids for person in erasing.people], OWN))
        sql.let_go(visitors)
        theirs = FormSubmission.objects.filter(Q(contact__in=ids) | Q(visitor__in=visitors, contact=None))
        erasing.note("tracking.FormSubmission", theirs.update(contact=None, visitor=None, answers={}, url=""))
        erasing.delete(Visitor.objects.filter(pk__in=visitors))

    def tidy(self) -> None:
        sql.forget_browsers(BROWSERS_AT_ONCE)


def _event(asked: subjects.Questions) -> dict[str, Column]:
    return {
        "at": Column(_("when"), lambda row: row.at),
        "kind": Column(_("what"), lambda row: Kind(row.kind).name.lower(), choice("kind", Kind.choices)),
        "about": Column(_("about"), lambda row: row.subject and str(row.subject), lambda row: asked.named(row.subject)),
        "about_type": Column("", lambda row: row.subject and row.subject.type, lambda row: ""),
        "verdict": Column(
            _("taken for"), lambda row: Verdict(row.verdict).name.lower(), choice("verdict", Verdict.choices)
        ),
        "browser": Column(_("browser or program"), lambda row: row.agent and row.agent.text),
        "network": Column(_("network"), lambda row: row.network and row.network.address),
        "visitor": Column(_("visitor"), lambda row: row.visitor_id),
        "message": Column(_("message"), lambda row: row.message_id),
        "details": Column(_("details"), lambda row: wording.details(row.data)),
    }


def _answers(row: HeldSubmission) -> Any:
    return (row.hit.get("data") or {}).get("answers", {})


def _name(row: Upload) -> str:
    return f"{row.pk.hex[:8]}-{row.name}"
