"""Introductions: what people said of themselves, in forms and identify calls, written to their contacts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError

from contacts import countries, custom_values, fields
from contacts.models import Contact, CustomField
from tracking import identity_sql as sql

EMPTY: tuple[Any, ...] = (None, "", [])
TEXTS = ("first_name", "last_name", "job_title", "city")
COLUMNS = (*TEXTS, "phone", "country", "language", "time_zone", "company_id", "fields")


@dataclass(frozen=True)
class Introduction:
    """Values by the name of a field of the contact, or the key of a custom field.

    With `overwrite` False only empty fields are filled: what anybody may send must not change what is known.
    """

    contact_id: int
    values: Mapping[str, Any]
    overwrite: bool


def write(introductions: Sequence[Introduction]) -> None:
    """Write these onto their contacts, one after the other; values that are not valid for their field are left out.

    Locks the contacts in the order of their ids. Contacts that learn nothing new are left alone.
    """
    if not introductions:
        return
    ids = {introduction.contact_id for introduction in introductions}
    locked = Contact.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk")
    people = {contact.pk: _Person(contact) for contact in locked}
    names = {_field(name) for introduction in introductions for name in introduction.values}
    custom = {field.key: field for field in CustomField.objects.filter(key__in=names, archived_at__isnull=True)}
    for introduction in introductions:
        if person := people.get(introduction.contact_id):
            person.hear(introduction, custom)
    companies = {person.company for person in people.values() if person.company}
    company_ids = sql.company_ids(companies) if companies else {}
    if rows := [row for person in people.values() if (row := person.change(company_ids))]:
        sql.update_contacts(rows)


class _Person:
    """A contact, and what it was before."""

    def __init__(self, contact: Contact) -> None:
        self.contact = contact
        self.company = ""  # as named now; which row that is, is asked once for all
        self.before = self._row()

    def hear(self, introduction: Introduction, custom: Mapping[str, CustomField]) -> None:
        given = {_field(name): value for name, value in introduction.values.items() if value not in EMPTY}
        for name in sorted(given, key=lambda name: name != "country"):  # a phone number is read in its country
            if introduction.overwrite or self._knows_nothing_of(name):
                with suppress(ValidationError):
                    self._set(name, given[name], custom.get(name))

    def change(self, company_ids: Mapping[str, int]) -> dict[str, Any] | None:
        """The contact's row, if anything has changed."""
        if self.company:
            self.contact.company_id = company_ids[self.company]
        row = self._row()
        return {"id": self.contact.pk, **row} if row != self.before else None

    def _row(self) -> dict[str, Any]:
        row = {name: getattr(self.contact, name) for name in COLUMNS}
        return row | {"fields": dict(self.contact.fields)}

    def _knows_nothing_of(self, name: str) -> bool:
        if name == "company":
            return not self.company and self.contact.company_id is None
        if name in fields.RESERVED:
            return getattr(self.contact, name, None) in EMPTY
        return self.contact.fields.get(name) in EMPTY

    def _set(self, name: str, value: Any, custom: CustomField | None) -> None:
        """Raises ValidationError where the value is none for this field."""
        contact = self.contact
        text = ", ".join(map(str, value)) if isinstance(value, list) else str(value).strip()
        if custom:
            contact.fields[name] = custom_values.clean(custom, value)
        elif name == "company" and text:
            self.company = text[:200].strip()
        elif name in TEXTS:
            setattr(contact, name, text[: getattr(Contact._meta.get_field(name), "max_length", None)])
        elif name == "phone":
            contact.phone = fields.normalise_phone(text, contact.country)
        elif name == "country":
            contact.country = _country(text)
        elif name in ("language", "time_zone"):
            setattr(contact, name, _known(name, text))


def _field(name: str) -> str:
    return name.removeprefix("fields.")


def _country(text: str) -> str:
    code = countries.code(text).upper()
    if code not in countries.NAMES:
        raise ValidationError("not a country")
    return code


def _known(name: str, text: str) -> str:
    if text not in (fields.time_zones() if name == "time_zone" else dict(settings.LANGUAGES)):
        raise ValidationError("not one that exists")
    return text
