"""Erasing people for good: all that names them goes, what they did stays as facts about nobody, so that counts stay right."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import CharField, Exists, Model, OuterRef, Q
from django.db.models.functions import Cast

from contacts import tombstones
from contacts.models import Change, Contact, Erasure
from contacts.privacy import privacy_sql as sql
from contacts.privacy.parts import Erasing, Person, in_order, parts


@dataclass(frozen=True)
class Tally:
    """What an erasure took away, or would: "app.Model" → how many rows; and of how many people."""

    counts: dict[str, int]
    people: int = 1


def erase(contact_id: int, *, by: Any = None, reason: str = "") -> Erasure | None:
    """Erase a person, for good: the contact, who was merged into it, and their name everywhere else.

    One transaction, with the pipeline kept out of it: no batch is under way with the person's hits, and what comes later
    finds nobody. None if there is no such contact (any more): repeating it does nothing.
    """
    with transaction.atomic():
        done = erase_each([contact_id])
        if done is None:
            return None
        return Erasure.objects.create(by=by, reason=reason[:200], people=1, counts=done.counts)


def count(contact_id: int) -> Tally | None:
    """What erasing this contact would take away, found by doing it. Nothing is kept."""
    with transaction.atomic():
        done = erase_each([contact_id])
        transaction.set_rollback(True)
    return done


def erase_each(contact_ids: Sequence[int]) -> Tally | None:
    """Erase each of these people, in the caller's transaction, who notes it; None if none of them is there any more.

    All of them together cost as many statements as one.
    """
    tombstones.own()
    for part in sorted(parts, key=lambda part: part.lock_position):
        part.lock(contact_ids)
    found = list(Contact.objects.select_for_update().filter(pk__in=contact_ids).order_by("pk"))
    if not found:
        return None
    erasing = Erasing(Person.each_of(_become(found)))
    ids, emails = erasing.ids, erasing.emails
    list(Contact.objects.select_for_update().filter(pk__in=ids).order_by("pk").values_list("pk"))
    _forget_history(erasing, ids, emails)
    for part in in_order():
        part.erase(erasing)
    tombstones.set_up(emails)
    erasing.delete(Contact.objects.filter(pk__in=ids))
    Change.objects.filter(contact_id__in=ids).delete()  # also of what the deletions themselves have noted
    return Tally(dict(erasing.counts), len(erasing.people))


def tidy() -> None:
    """Do what erasures have left for afterwards."""
    for part in in_order():
        part.tidy()


def _become(contacts: Sequence[Contact]) -> list[Contact]:
    """Who they are today, each once."""
    today: dict[int, Contact] = {}
    wave = list(contacts)
    while wave:
        today |= {one.pk: one for one in wave if one.merged_into_id is None}
        wave = list(Contact.objects.filter(pk__in={one.merged_into_id for one in wave if one.merged_into_id}))
    return [today[pk] for pk in sorted(today)]


def _forget_history(erasing: Erasing, ids: Sequence[int], emails: Sequence[str]) -> None:
    """What the admin's history says of them: about their own pages, and wherever else their address or name is."""
    contacts = (person.contact for person in erasing.people)
    names = [contact.name for contact in contacts if contact.first_name and contact.last_name]
    theirs = Q(content_type=ContentType.objects.get_for_model(Contact), object_id__in=[str(pk) for pk in ids])
    named = [*emails, *names]
    named += [text for one in named if (text := json.dumps(one)[1:-1]) != one]  # messages are JSON: "Zo\u00e9"
    theirs |= Q(pk__in=sql.naming("django_admin_log", ["object_repr", "change_message"], named))
    covered = {label.lower() for part in in_order() for label in part.covers}
    noted = LogEntry.objects.filter(content_type=OuterRef("pk"))
    for kind in ContentType.objects.filter(Exists(noted)):  # of most there is no history, and many rows
        model = kind.model_class()
        if f"{kind.app_label}.{kind.model}" in covered and model and _is_of_a_contact(model):
            rows = model._default_manager.filter(contact__in=ids)
            numbers = rows.order_by().annotate(as_text=Cast("pk", CharField())).values("as_text")
            theirs |= Q(content_type=kind, object_id__in=numbers)
    erasing.note("history", LogEntry.objects.filter(theirs).update(object_repr="", change_message=""))


def _is_of_a_contact(model: type[Model]) -> bool:
    return any(field.name == "contact" for field in model._meta.concrete_fields)
