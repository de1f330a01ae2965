"""What rules about who somebody is look at: that person's own data, not the conditions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from contacts import conditions, countries, custom_values
from contacts.filters import filters
from contacts.models import Contact, CustomField
from contacts.wording import labelled, strung


class Profile:
    """A contact's data as they stand now, or with `is_past` only which of them: what they were is not kept."""

    def __init__(self, contact: Contact, *, is_past: bool) -> None:
        self.contact, self.is_past = contact, is_past
        self.fields = {field.key: field for field in CustomField.objects.all()}

    def considered(self, tree: Any) -> str:
        """Of what a condition asks about: “job title: Head brewer; country: France”."""
        return strung(dict.fromkeys(self._told(leaf) for leaf in conditions.leaves(tree)))

    def _told(self, leaf: Mapping[str, Any]) -> str:
        kind, name = str(leaf.get("filter")), str(leaf.get("field"))
        if kind == "custom" and (field := self.fields.get(name)):
            return self._with(field.label, custom_values.words(field, self.contact.fields.get(name)))
        filter_ = filters.get(kind)
        entry = filter_.entry(leaf) if filter_ else None
        if filter_ is None or entry is None:
            return _("something that no longer exists")
        if kind not in ("field", "company"):  # what we call people, such as a tag
            return conditions.describe(leaf)
        if name in ("owner", "created_at"):  # of ours
            return str(entry.label)
        return self._with(entry.label, _shown(name, getattr(self._of(kind), name, None)))

    def _of(self, kind: str) -> Any:
        return self.contact if kind == "field" else self.contact.company

    def _with(self, label: Any, value: str) -> str:
        return str(label) if self.is_past else labelled(label, value or _("not known"))


def _shown(name: Any, value: Any) -> str:
    if name == "country":
        return countries.name(value) if value else ""
    if name == "language":
        return str(dict(settings.LANGUAGES).get(value, value))
    return str(value or "")
