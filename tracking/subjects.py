"""Subjects: what events are about, found or made by their natural key."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _

from contacts import countries
from contacts.numerals import number_in
from contacts.wording import labelled, quoted
from tracking import sql
from tracking.models import FormField, Subject

Type = Subject.Type
TOGETHER = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[_\-.:/]+")  # where programmers leave out a space
MAX_KEY_BYTES = 2_000  # with its type, what an entry of the unique index holds for certain (2704 bytes)


def key(text: str) -> str:
    """The text as the key of a subject: cut where the index would refuse it. Anybody can visit an address that long."""
    return text.encode()[:MAX_KEY_BYTES].decode(errors="ignore")


def register(type: Type, ref_id: int, name: str, parent: Subject | None = None) -> Subject:
    """The subject of an owner's row; made on first call, renamed when the owner was. Safe to repeat and to race."""
    subject, created = Subject.objects.get_or_create(
        type=type, key=str(ref_id), defaults={"ref_id": ref_id, "name": name[:300], "parent": parent}
    )
    if not created and subject.name != name[:300]:
        subject.name = name[:300]
        subject.save(update_fields=["name"])
    return subject


def ids(wanted: Iterable[Subject]) -> dict[tuple[str, str], int]:
    """The ids of unsaved subjects by (type, key), made in one statement where missing.

    Existing rows keep what they have. New rows arrive unresolved: `scoring.matching` sees to them in the same transaction.
    """
    rows = {(subject.type, subject.key): subject for subject in wanted}
    if not rows:
        return {}
    found = find(rows)
    missing = [rows[key] for key in sorted(rows.keys() - found.keys())]
    if missing:
        Subject.objects.bulk_create(missing, ignore_conflicts=True)
        found |= find((subject.type, subject.key) for subject in missing)
    return found


def find(wanted: Iterable[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """The ids of those that exist, by (type, key)."""
    return sql.find_subjects(list(wanted))


def names(found: Iterable[Subject]) -> dict[int, str]:
    """What people read of these, by id: what was answered, with the words of its question."""
    known = {one.pk: one for one in found}
    forms = {_question(one)[0] for one in known.values() if one.type == Type.ANSWER}
    questions = Questions(FormField.objects.filter(form__in=forms) if forms else ())
    return {pk: questions.named(one) for pk, one in known.items()}


class Questions:
    """The questions of forms, as they are asked today; all of them, unless some are given, once one is needed."""

    def __init__(self, fields: Iterable[FormField] | None = None) -> None:
        self._fields = fields

    def named(self, subject: Subject | None) -> str:
        if subject is None or subject.type != Type.ANSWER:
            return str(subject or "")
        form, key = _question(subject)
        field = self._known.get((form, key))
        return labelled(quoted(field.label if field else subject.name), answer(field, subject.path))

    def told(self, form_id: int, answers: Mapping[str, Any]) -> dict[str, str]:
        """What was answered in a form, by the words of its questions and in their order; what is not asked any more last."""
        asked = {key: field for (form, key), field in self._known.items() if form == form_id}
        found: dict[str, str] = {}
        for key in [*(key for key in asked if key in answers), *(key for key in answers if key not in asked)]:
            field = asked.get(key)
            label = field.label if field else key
            found[label if label not in found else f"{label} ({key})"] = answer(field, answers[key])
        return found

    @cached_property
    def _known(self) -> dict[tuple[int, str], FormField]:
        fields = FormField.objects.all() if self._fields is None else self._fields
        return {(field.form_id, field.key): field for field in fields}


def answer(field: FormField | None, value: Any) -> str:
    """An answer as who gave it read it."""
    if isinstance(value, list | tuple):
        return ", ".join(answer(field, one) for one in value)
    text = "" if value is None else str(value)
    if isinstance(value, bool) or (field and field.type == FormField.Type.CHECKBOX and text in ("true", "false")):
        return _("yes") if text.lower() == "true" else _("no")
    return countries.name(text) if field and field.type == FormField.Type.COUNTRY else text


def readable(name: str) -> str:
    """The name of an event as a program gave it, in words: “trial_started” and “trialStarted” are “trial started”."""
    if " " in name.strip():
        return name
    words = TOGETHER.sub(" ", name).split()
    return " ".join(word if word.isupper() else word.lower() for word in words) or name


def _question(one: Subject) -> tuple[int, str]:
    form, _colon, rest = one.key.partition(":")
    return number_in(form), rest.partition(":")[0]
