"""Not asking what is known: which fields of a form are left out for a visitor we recognise. Nothing known is ever shown."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from contacts import fields
from contacts.models import Contact
from tracking import formconditions
from tracking.models import Form, FormField, Visitor

EMPTY: tuple[Any, ...] = (None, "", [])
ALWAYS_ASKED = (FormField.Type.HIDDEN, FormField.Type.CONSENT, FormField.Type.FILE, *FormField.SAYS)


def left_out(form: Form, visitor_id: uuid.UUID | None, rows: Sequence[FormField] | None = None) -> frozenset[int]:
    """The ids of the fields not to ask this time: what is known, and what would be more than the form asks at most.

    A browser counts as recognised where somebody gave their email in it. The email is always asked: it may be another
    person's browser today, and only an answer tells. So is a field that others depend on: what it opens would show the
    answer.
    """
    if not form.leave_out_known:
        return frozenset()
    rows = list(form.fields.all()) if rows is None else rows
    controlling = formconditions.controlling(rows)
    asking = [row for row in rows if _may_leave_out(row) and row.key not in controlling]
    contact = _contact(visitor_id) if visitor_id and asking else None
    unknown = [row for row in asking if contact is None or not _knows(contact, row.contact_field)]
    asked = unknown[: form.ask_at_most] if form.ask_at_most else unknown
    return frozenset(row.pk for row in asking) - {row.pk for row in asked}


def _may_leave_out(row: FormField) -> bool:
    return bool(row.contact_field) and row.contact_field != "email" and row.type not in ALWAYS_ASKED


def _contact(visitor_id: uuid.UUID) -> Contact | None:
    visitor = Visitor.objects.select_related("contact").filter(pk=visitor_id, is_sure=True).first()
    contact = visitor.contact if visitor else None
    while contact and contact.merged_into:
        contact = contact.merged_into
    return contact


def _knows(contact: Contact, name: str) -> bool:
    name = name.removeprefix("fields.")
    if name == "company":
        return contact.company_id is not None
    if name in fields.RESERVED:
        return getattr(contact, name, None) not in EMPTY
    return contact.fields.get(name) not in EMPTY
