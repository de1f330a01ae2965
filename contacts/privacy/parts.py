"""What each app holds about a person: registered in a module `privacy.py`, to be handed out and to be erased."""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import IO, Any

from django.db.models import Model, QuerySet
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.html import escape
from django.utils.text import get_text_list
from django.utils.translation import gettext as _

from contacts.models import Contact
from contacts.registry import Registry
from contacts.wording import labelled, strung, with_minus

CHUNK = 1000  # rows that are in memory at a time


@dataclass(frozen=True)
class Person:
    """A contact and all who were merged into it: one person. `ids` begin with the contact's own."""

    contact: Contact
    ids: Sequence[int]
    emails: Sequence[str]  # in lower case

    @classmethod
    def of(cls, contact: Contact) -> Person:
        return cls.each_of([contact])[0]

    @classmethod
    def each_of(cls, contacts: Sequence[Contact]) -> list[Person]:
        """These people, none of whom was merged into another."""
        everyone = {contact.pk: [contact] for contact in contacts}
        whose, wave = {pk: pk for pk in everyone}, list(contacts)
        while wave:
            wave = list(Contact.objects.filter(merged_into__in=wave).order_by("pk"))
            for one in wave:
                whose[one.pk] = whose[one.merged_into_id or 0]
                everyone[whose[one.pk]].append(one)
        return [cls(all_of[0], [one.pk for one in all_of], _emails(all_of)) for all_of in everyone.values()]


@dataclass(frozen=True)
class Column:
    """One thing a section tells of each row: its name for people, its value for programs, and how people read it."""

    label: Any
    value: Callable[[Any], Any]
    shown: Callable[[Any], Any] | None = None


@dataclass(frozen=True)
class Section:
    """The rows of one kind. `key` and the keys of the columns are for programs: never rename one."""

    key: str
    title: Any
    columns: Mapping[str, Column]
    rows: Iterable[Any]
    models: Sequence[str] = ()  # what it tells of, "app.Model"

    def read(self) -> Iterator[Any]:
        """The rows, from the database some at a time."""
        return self.rows.iterator(chunk_size=CHUNK) if isinstance(self.rows, QuerySet) else iter(self.rows)

    def values(self, row: Any) -> dict[str, Any]:
        """A row for programs."""
        return {key: plain(column.value(row)) for key, column in self.columns.items()}

    def teller(self) -> Callable[[Any], str]:
        """What tells a row in the words of the active language, as HTML; "" where there is nothing to tell."""
        columns = [
            (f"<dt>{escape(column.label)}</dt><dd>", column.shown or column.value) for column in self.columns.values()
        ]

        def told(row: Any) -> str:
            texts = [(term, words(shown(row))) for term, shown in columns]
            terms = [f"{term}{html.escape(text)}</dd>" for term, text in texts if text]
            return f"<dl>{''.join(terms)}</dl>\n" if terms else ""

        return told


@dataclass(frozen=True)
class File:
    """A file that goes with the copy. A missing one is told, not an error."""

    name: str
    open: Callable[[], IO[bytes]]


@dataclass
class Erasing:
    """One erasure while it is carried out: of whom, and how many rows of what went or were made nameless."""

    people: Sequence[Person]
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def ids(self) -> list[int]:
        """All contacts that these people are."""
        return [pk for person in self.people for pk in person.ids]

    @property
    def emails(self) -> list[str]:
        return sorted({email for person in self.people for email in person.emails})

    def note(self, key: str, count: int) -> None:
        if count:
            self.counts[key] += count

    def delete(self, rows: QuerySet[Any]) -> None:
        """Delete rows and note each model's by its name: what hangs on them goes, and counts, apart."""
        for label, count in rows.delete()[1].items():
            self.note(label, count)


class Part:
    """What one app holds. `covers`: the models it erases, "app.Model"; `derived`: those of them a copy need not tell of."""

    key = ""
    position = 0
    lock_position = 0
    covers: frozenset[str] = frozenset()
    derived: frozenset[str] = frozenset()
    keeps: frozenset[str] = frozenset()  # models whose rows stay, without the person

    def sections(self, person: Person) -> Iterator[Section]:
        yield from ()

    def files(self, person: Person) -> Iterator[File]:
        yield from ()

    def lock(self, ids: Sequence[int]) -> None:
        """Lock what has to be locked before contacts are; parts in the order of `lock_position`."""

    def erase(self, erasing: Erasing) -> None:
        """Take the people out of what stays. Rows that go with the contact go with the contact."""

    def tidy(self) -> None:
        """Do what erasures have left to be done in the background, with nothing kept waiting. Safe to repeat."""


parts: Registry[Part] = Registry("part of privacy")


def in_order() -> list[Part]:
    return sorted(parts, key=lambda part: part.position)


def _emails(contacts: Iterable[Contact]) -> list[str]:
    return sorted({one.email.lower() for one in contacts if one.email})


def columns_of(model: type[Model], *names: str, **more: Column) -> dict[str, Column]:
    """Columns for these fields of a model, under the fields' own names."""
    return {name: _column(model, name) for name in names} | more


def _column(model: type[Model], name: str) -> Column:
    found: Any = model._meta.get_field(name)
    shown = choice(name, found.flatchoices) if getattr(found, "choices", None) else None
    return Column(found.verbose_name, lambda row: getattr(row, name), shown)


def choice(name: str, choices: Iterable[tuple[Any, Any]]) -> Callable[[Any], Any]:
    """How people read a field of these choices. (Django's own way looks at all of them anew for each row.)"""
    labels = dict(choices)
    told: dict[Any, str] = {}

    def shown(row: Any) -> str:
        value = getattr(row, name)
        if value not in told:
            told[value] = words(labels.get(value, value))
        return told[value]

    return shown


def plain(value: Any) -> Any:
    """A value as JSON has it: times in ISO 8601, what is named by its name."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return str(value)


def words(value: Any) -> str:
    """A value as people read it in the active language."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, datetime):
        return date_format(timezone.localtime(value), "DATETIME_FORMAT")
    if isinstance(value, date):
        return date_format(value)
    if isinstance(value, int | float | Decimal):
        return with_minus(number_format(value, use_l10n=True))
    if isinstance(value, Mapping):
        return strung(labelled(key, words(one)) for key, one in value.items() if one not in (None, "", [], {}))
    if isinstance(value, list | tuple):
        return get_text_list([words(one) for one in value], _("and"))
    return str(value)
