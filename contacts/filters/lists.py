"""What a contact is in: tags and segments."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from contacts.filters.base import Entry, Filter, Operator, Rule, having, negated
from contacts.filters.inputs import Input, Rows
from contacts.filters.registry import filters
from contacts.models import Contact, ContactTag, Membership, Segment, Tag

TAGS = Rows(lambda: Tag.objects.all())
SEGMENTS = Rows(lambda: Segment.objects.all(), retired={"archived_at__isnull": False})


class OfLists(Filter):
    """In one list, in one of several, in none of them, in no list at all."""

    lists: ClassVar[Rows]

    def entries(self) -> list[Entry]:
        one, several = (Input(kind=kind, choices=self.lists) for kind in ("choice", "choices"))
        return [
            Entry(
                self.label,
                (
                    Operator("is", _("is"), (one,)),
                    Operator("is_not", _("is not"), (one,)),
                    Operator("one_of", _("is one of"), (several,)),
                    Operator("none_of", _("is none of"), (several,)),
                    Operator("empty", _("is empty")),
                    Operator("not_empty", _("is not empty")),
                ),
            )
        ]

    def q(self, rule: Rule, contacts: QuerySet[Contact] | None) -> Q:
        wanted = rule.value if isinstance(rule.value, list) else None if rule.value is None else [rule.value]
        q = having(self.members(wanted))
        return negated(q) if rule.op in ("is_not", "none_of", "empty") else q

    def members(self, wanted: list[int] | None) -> QuerySet[Any, Any]:
        """The rows of contacts in one of the lists, or in any list."""
        raise NotImplementedError


@filters.register
class TagFilter(OfLists):
    key = "tag"
    label = _("tag")
    family = _("Contact")
    lists = TAGS

    def members(self, wanted: list[int] | None) -> QuerySet[Any, Any]:
        return ContactTag.objects.all() if wanted is None else ContactTag.objects.filter(tag__in=wanted)


@filters.register
class SegmentFilter(OfLists):
    key = "segment"
    label = _("segment")
    family = _("Contact")
    lists = SEGMENTS

    def members(self, wanted: list[int] | None) -> QuerySet[Any, Any]:
        rows = Membership.objects.filter(is_member=True)
        return rows if wanted is None else rows.filter(segment__in=wanted)
