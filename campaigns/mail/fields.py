"""Personal fields: `{{ contact.first_name|default:"you" }}` and nothing more.

This is a substitution, not a template language: a name from the list below, perhaps filters, no tags, no attribute of any
object. Whatever a contact is called, its value is only ever inserted as text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.formats import localize
from django.utils.functional import cached_property
from django.utils.text import slugify
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _

from contacts.models import Contact, CustomField
from scoring import values
from scoring.models import PointGroup

QUOTED = r"""(?:"([^"{}]*)"|'([^'{}]*)'|&quot;((?:(?!&quot;)[^{}])*)&quot;)"""
FILTER = re.compile(rf"\|\s*(\w+)\s*(?::\s*{QUOTED})?\s*")
PLACEHOLDER = re.compile(r"\{\{\s*([\w.\-]+)\s*((?:\|[^{}]*)?)\}\}")


@dataclass(frozen=True)
class Placeholder:
    name: str
    filters: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Person:
    """Whom a message is about, and what else it may say. Related rows are read when a field asks for them."""

    contact: Contact
    extra: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def scores(self) -> dict[str, Decimal]:
        if not self.contact.pk:
            return {}
        names = {pk: slugify(name) for pk, name in PointGroup.objects.values_list("pk", "name")}
        today = values.current([self.contact.pk])
        return {"overall" if group is None else names[group]: value for (_pk, group), value in today.items()}

    def value(self, placeholder: Placeholder) -> str:
        """The text to insert: filters applied, on one line."""
        text = _text(self._lookup(placeholder.name))
        for name, argument in placeholder.filters:
            text = FILTERS[name](text, argument) if name in FILTERS else text
        return text

    def _lookup(self, name: str) -> Any:
        if name in self.extra:
            return self.extra[name]
        if name in FIELDS:
            return FIELDS[name][1](self.contact)
        area, _dot, key = name.partition(".")
        if area == "custom":
            return self.contact.fields.get(key)
        if area == "score":
            return self.scores.get(key, Decimal())
        return ""


def _of(relation: str, attribute: str) -> Callable[[Contact], Any]:
    return lambda contact: getattr(getattr(contact, relation), attribute, "")


FIELDS: dict[str, tuple[Any, Callable[[Contact], Any]]] = {
    "contact.first_name": (_("first name"), lambda contact: contact.first_name),
    "contact.last_name": (_("last name"), lambda contact: contact.last_name),
    "contact.name": (_("full name"), lambda contact: contact.name),
    "contact.email": (_("email"), lambda contact: contact.email),
    "contact.phone": (_("phone"), lambda contact: contact.phone),
    "contact.job_title": (_("job title"), lambda contact: contact.job_title),
    "contact.city": (_("city"), lambda contact: contact.city),
    "contact.country": (_("country"), lambda contact: contact.country),
    "contact.language": (_("language"), lambda contact: contact.get_language_display()),
    "contact.stage": (_("stage"), lambda contact: contact.stage),
    "contact.id": (_("number"), lambda contact: str(contact.pk or "")),
    "contact.page": (_("address of the contact's page, for colleagues"), lambda contact: page_of(contact)),
    "company.name": (_("company"), _of("company", "name")),
    "company.domain": (_("company's domain"), _of("company", "domain")),
    "company.industry": (_("company's industry"), _of("company", "industry")),
    "company.city": (_("company's city"), _of("company", "city")),
    "company.country": (_("company's country"), _of("company", "country")),
    "owner.name": (
        _("owner's name"),
        lambda contact: contact.owner.get_full_name() or str(contact.owner) if contact.owner else "",
    ),
    "owner.first_name": (_("owner's first name"), _of("owner", "first_name")),
    "owner.last_name": (_("owner's last name"), _of("owner", "last_name")),
    "owner.email": (_("owner's email"), _of("owner", "email")),
}
EXTRA = {
    "unsubscribe_url": _("address of the unsubscribe page"),
    "preferences_url": _("address of the page on which somebody chooses what they allow"),
    "reason.name": _("name of the trigger or campaign that sends this"),
    "reason.score": _("score that caused it"),
}
FILTERS: dict[str, Callable[[str, str], str]] = {
    "default": lambda text, argument: text or argument,
    "upper": lambda text, argument: text.upper(),
    "lower": lambda text, argument: text.lower(),
    "capitalize": lambda text, argument: text[:1].upper() + text[1:],
}


def page_of(contact: Contact) -> str:
    return f"{settings.PUBLIC_URL}{contact.get_absolute_url()}" if contact.pk else ""


def known() -> dict[str, Any]:
    """Every name that can be used, with what it means."""
    names: dict[str, Any] = {name: label for name, (label, _getter) in FIELDS.items()} | EXTRA
    for custom in CustomField.objects.filter(archived_at=None):
        names[f"custom.{custom.key}"] = custom.label
    names["score.overall"] = _("overall score")
    for group in PointGroup.objects.filter(archived_at=None):
        names[f"score.{slugify(group.name)}"] = _g("score: %(group)s") % {"group": group.name}
    return names


def placeholders(text: str) -> Iterator[Placeholder]:
    for match in PLACEHOLDER.finditer(text):
        yield parse(match)


def parse(match: re.Match[str]) -> Placeholder:
    filters = tuple((f[1], next((a for a in f.groups()[1:] if a is not None), "")) for f in FILTER.finditer(match[2]))
    return Placeholder(match[1], filters)


def validate(text: str) -> None:
    """Raise ValidationError for anything a marketer would be surprised to see sent: unknown names, filters, tags."""
    if "{%" in text or "{#" in text:
        raise ValidationError(
            _g("Only personal fields such as {{ contact.first_name }} can be used here, no {%% … %%} tags.") % {}
        )
    names = known()
    for match in PLACEHOLDER.finditer(text):
        if FILTER.sub("", match[2]).strip():
            raise ValidationError(
                _g('%(field)s cannot be read. An example: {{ contact.first_name|default:"you" }}') % {"field": match[0]}
            )
        placeholder = parse(match)
        if placeholder.name not in names:
            message = _g("There is no field %(name)s. There are: %(names)s.")
            raise ValidationError(message % {"name": placeholder.name, "names": ", ".join(names)})
        for name, _argument in placeholder.filters:
            if name not in FILTERS:
                message = _g("There is no filter %(name)s. There are: %(names)s.")
                raise ValidationError(message % {"name": name, "names": ", ".join(FILTERS)})
    if "{{" in PLACEHOLDER.sub("", text):
        raise ValidationError(
            _g("A personal field is not closed, or its name has a character that no name has: look for {{.")
        )


def validate_header(text: str) -> None:
    """As `validate`, for what becomes a mail header: one line."""
    if any(character in text for character in "\r\n"):
        raise ValidationError(_g("This must be a single line."))
    validate(text)


def one_line(text: str) -> str:
    """For headers: control characters and line breaks in a value become spaces."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return _g("yes") if value else _g("no")
    if isinstance(value, Decimal):
        return str(localize(value.normalize().quantize(Decimal(1)) if value == value.to_integral_value() else value))
    if isinstance(value, list):
        return ", ".join(_text(item) for item in value)
    return str(value)
