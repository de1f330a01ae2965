"""Erasing people for good: all that names them goes, what they did stays as facts about nobody, so that counts stay right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import CharField, Q
from django.db.models.functions import Cast

from contacts import tombstones
from contacts.merging import become
from contacts.models import Change, Contact, Erasure
from contacts.privacy.parts import Erasing, Person, in_order, parts


@dataclass(frozen=True)
class Tally:
    """What an erasure took away, or would: "app.Model" → how many rows."""

    counts: dict[str, int]


def erase(contact_id: int, *, by: Any = None, reason: str = "") -> Erasure | None:
    """Erase a person, for good: the contact, who was merged into it, and their name everywhere else.

    One transaction, with the pipeline kept out of it: no batch is under way with the person's hits, and what comes later
    finds nobody. None if there is no such contact (any more): repeating it does nothing.
    """
    with transaction.atomic():
        done = _erase(contact_id)
        if done is None:
            return None
        return Erasure.objects.create(by=by, reason=reason[:200], people=1, counts=dict(done.counts))


def count(contact_id: int) -> Tally | None:
    """What erasing this contact would take away, found by doing it. Nothing is kept."""
    with transaction.atomic():
        done = _erase(contact_id)
        transaction.set_rollback(True)
    return Tally(dict(done.counts)) if done else None


def _erase(contact_id: int) -> Erasing | None:
    tombstones.own()
    for part in sorted(parts, key=lambda part: part.lock_position):
        part.lock([contact_id])
    found = Contact.objects.select_for_update().filter(pk=contact_id).first()
    if found is None:
        return None
    person = Person.of(become(found))
    list(Contact.objects.select_for_update().filter(pk__in=person.ids).order_by("pk").values_list("pk"))
    erasing = Erasing(person)
    _forget_history(erasing)
    for part in in_order():
        part.erase(erasing)
    tombstones.set_up(person.emails)
    person_ids = list(person.ids)
    erasing.delete(Contact.objects.filter(pk__in=person_ids))
    Change.objects.filter(contact_id__in=person_ids).delete()  # also of what the deletions themselves have noted
    return erasing


def _forget_history(erasing: Erasing) -> None:
    """What the admin's history says of the person: about their own pages, and wherever else their address or name is."""
    person = erasing.person
    named = [*person.emails, person.contact.name if person.contact.first_name and person.contact.last_name else ""]
    theirs = Q(content_type=ContentType.objects.get_for_model(Contact), object_id__in=[str(pk) for pk in person.ids])
    for text in filter(None, named):
        theirs |= Q(object_repr__icontains=text) | Q(change_message__icontains=text)
    for model in (apps.get_model(label) for part in in_order() for label in part.covers):
        if any(field.name == "contact" for field in model._meta.concrete_fields):
            rows = model._default_manager.filter(contact__in=person.ids)
            numbers = rows.order_by().annotate(as_text=Cast("pk", CharField())).values("as_text")
            theirs |= Q(content_type=ContentType.objects.get_for_model(model), object_id__in=numbers)
    erasing.note("history", LogEntry.objects.filter(theirs).update(object_repr="", change_message=""))
