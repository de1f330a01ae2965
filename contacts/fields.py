"""Field values, built-in and custom: normalised on every edge the same way."""

from __future__ import annotations

import re
import zoneinfo
from functools import cache
from typing import TYPE_CHECKING, Any

import phonenumbers
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from contacts.models import Contact, CustomField


def normalise_email(value: str | None) -> str | None:
    """The lower-cased address, or None for nothing: two spellings of one address are one contact."""
    return (value or "").strip().lower() or None


def normalise_phone(value: str | None, country: str = "") -> str:
    """The number in E.164 (`+33612345678`), or "" for nothing.

    `country` (two letters) reads national numbers; without it the instance's default country does.
    Raises ValidationError for what is no phone number.
    """
    if not (text := (value or "").strip()):
        return ""
    try:
        number = phonenumbers.parse(text, country or settings.DEFAULT_COUNTRY)
    except phonenumbers.NumberParseException:
        number = None
    if number is None or not phonenumbers.is_possible_number(number):
        raise ValidationError(_("“%(value)s” is not a phone number."), code="phone", params={"value": text})
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


class PhoneField(models.CharField):
    """A phone number in E.164."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"max_length": 20, "blank": True, "default": "", **kwargs})

    def to_python(self, value: Any) -> Any:
        return normalise_phone(super().to_python(value))


@cache
def time_zones() -> frozenset[str]:
    """The names of all time zones, read from the disk once: that takes some 20 ms."""
    return frozenset(zoneinfo.available_timezones())


def clean_contact(contact: Contact) -> None:
    """Normalise and validate a contact in place; raises ValidationError by field."""
    contact.email = normalise_email(contact.email)
    contact.country = contact.country.upper()
    errors: dict[str, Any] = {}
    try:
        contact.phone = normalise_phone(contact.phone, contact.country)
    except ValidationError as error:
        errors["phone"] = error
    if contact.country and not (len(contact.country) == 2 and contact.country.isalpha()):
        errors["country"] = _("A country is two letters, such as FR.")
    if contact.time_zone and contact.time_zone not in time_zones():
        errors["time_zone"] = _("Unknown time zone; an example is Europe/Paris.")
    if not (contact.email or contact.phone or contact.name):
        errors["email"] = _("A contact needs an email, a phone number or a name.")
    if errors:
        raise ValidationError(errors)


def clean_custom_field(field: CustomField) -> None:
    """Validate a marketer's field; raises ValidationError by field."""
    errors: dict[str, Any] = {}
    if not re.fullmatch(r"[a-z][a-z0-9_]*", field.key):
        errors["key"] = _("Use small letters, digits and underscores, beginning with a letter.")
    elif field.key in RESERVED:
        errors["key"] = _("Every contact has a field of this name already.")
    choices = [choice for choice in (str(choice).strip() for choice in field.choices or []) if choice]
    if field.type in ("choice", "choices"):
        if len(choices) < 1:
            errors["choices"] = _("A choice needs something to choose from.")
        elif len({choice.casefold() for choice in choices}) < len(choices):
            errors["choices"] = _("Each choice must be there once.")
        elif any("|" in choice for choice in choices):
            errors["choices"] = _("A choice cannot contain “|”, which separates choices in imports.")
        field.choices = choices
    else:
        field.choices = []
    if errors:
        raise ValidationError(errors)


# Names a custom field cannot have: imports, forms and the API know contacts' own fields by them.
RESERVED = {
    *("id", "email", "phone", "first_name", "last_name", "name", "company", "job_title", "city", "country", "language"),
    *("time_zone", "owner", "stage", "tags", "segments", "fields", "created_at", "updated_at", "merged_into"),
}
