"""Tags on contacts."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import QuerySet
from django.db.models.functions import Lower

from contacts import sql
from contacts.models import Contact, ContactTag, Tag

MAX_NAME = 80


def add(contacts: QuerySet[Contact] | Iterable[int], tags: Iterable[Tag]) -> int:
    """Give each contact each tag; return how many were new. Safe to repeat and to race."""
    tag_ids = sorted({tag.pk for tag in tags})
    return sql.add_tags(_queryset(contacts), tag_ids) if tag_ids else 0


def remove(contacts: QuerySet[Contact] | Iterable[int], tags: Iterable[Tag]) -> int:
    """Take the tags from the contacts; return how many there were."""
    rows = ContactTag.objects.filter(contact__in=_queryset(contacts), tag__in=list(tags))
    return rows.delete()[0]


def named(names: Iterable[str]) -> list[Tag]:
    """The tags of these names, whatever their case, made where missing. Safe to race."""
    wanted = {name.strip()[:MAX_NAME] for name in names} - {""}
    if not wanted:
        return []
    sql.name_rows("contacts_tag", sorted(wanted))
    return list(Tag.objects.annotate(lower=Lower("name")).filter(lower__in=[name.lower() for name in wanted]))


def _queryset(contacts: QuerySet[Contact] | Iterable[int]) -> QuerySet[Contact]:
    return contacts if isinstance(contacts, QuerySet) else Contact.objects.filter(pk__in=set(contacts))
