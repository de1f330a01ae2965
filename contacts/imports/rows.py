"""One line of a file becomes values as contacts keep them, or sentences that say what is wrong in which column."""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from contacts import countries, custom_values, fields, tagging
from contacts.countries import folded
from contacts.imports.targets import CUSTOM
from contacts.models import Company, Contact, CustomField, Segment, Stage

TEXTS = {
    name: getattr(Contact._meta.get_field(name), "max_length", None)
    for name in ("first_name", "last_name", "job_title", "city")
}


@dataclass
class Cleaned:
    """A line, understood. `values` has only what the line says: a blank cell says nothing."""

    line: int
    values: dict[str, Any] = field(default_factory=dict)
    custom: dict[str, Any] = field(default_factory=dict)
    errors: list[tuple[str, str]] = field(default_factory=list)  # (header, sentence)

    @property
    def email(self) -> str:
        return str(self.values["email"])

    def take(self, later: Cleaned) -> None:
        """Let a later line about the same contact complete this one: its word is the last, lists are united."""
        lists = {key: [*self.values.get(key, []), *later.values.get(key, [])] for key in ("tags", "segments")}
        self.values = {**self.values, **later.values, **{key: value for key, value in lists.items() if value}}
        self.custom = {**self.custom, **later.custom}


class Cleaner:
    """Cleans the lines of one file; what names refer to is looked up once."""

    def __init__(self, headers: Sequence[str], mapping: Sequence[str]) -> None:
        self.columns = [
            (index, header, key) for index, (header, key) in enumerate(zip(headers, mapping, strict=False)) if key
        ]
        self.stages = {folded(stage.name): stage.pk for stage in Stage.objects.all()}
        in_use = Segment.objects.filter(archived_at__isnull=True)
        self.segments = {folded(segment.name): segment.pk for segment in in_use}
        self.custom = {row.key: row for row in CustomField.objects.filter(archived_at__isnull=True)}
        self.languages = _languages()
        self.owners: dict[str, int] = {}
        for user in get_user_model()._default_manager.filter(is_active=True):
            self.owners |= {name.casefold(): user.pk for name in (user.email, user.get_username()) if name}

    def clean(self, line: int, cells: Sequence[str]) -> Cleaned:
        done = Cleaned(line)
        for index, header, key in self.columns:
            if text := (cells[index] if index < len(cells) else ""):
                try:
                    self._take(done, key, text)
                except ValidationError as error:
                    done.errors.append((header, " ".join(error.messages)))
        self._finish(done)
        return done

    def _take(self, done: Cleaned, key: str, text: str) -> None:
        if key.startswith(CUSTOM):
            if (custom := self.custom.get(key.removeprefix(CUSTOM))) is not None:
                done.custom[custom.key] = custom_values.clean(custom, text)
        elif key in TEXTS:
            done.values[key] = _text(text, TEXTS[key])
        else:
            done.values[key] = CLEANERS[key](self, text)

    def _finish(self, done: Cleaned) -> None:
        """What depends on more than one column."""
        if name := done.values.pop("name", ""):
            first, _space, last = name.partition(" ")
            done.values = {"first_name": first[:100], "last_name": last.strip()[:100], **done.values}
        if phone := done.values.get("phone"):
            try:
                done.values["phone"] = fields.normalise_phone(phone, done.values.get("country", ""))
            except ValidationError as error:
                done.errors.append((self._header("phone"), " ".join(error.messages)))
        if "email" not in done.values and not any(header == self._header("email") for header, _s in done.errors):
            done.errors.append((self._header("email"), str(_("An email is needed: it tells contacts apart."))))

    def _header(self, key: str) -> str:
        return next((header for _index, header, found in self.columns if found == key), key)


def _languages() -> dict[str, str]:
    codes = {code.casefold(): code for code, _name in settings.LANGUAGES}
    for language, _name in settings.LANGUAGES:
        with override(language):
            codes |= {folded(str(name)): code for code, name in settings.LANGUAGES}
    return codes | {"francais": "fr", "anglais": "en"}


def _text(text: str, limit: int | None) -> str:
    if limit and len(text) > limit:
        raise ValidationError(_("The text is longer than %(limit)d characters."), params={"limit": limit})
    return text


def _email(cleaner: Cleaner, text: str) -> str:
    address = fields.normalise_email(text.removeprefix("mailto:")) or ""
    if len(address) > 254:
        raise ValidationError(_("The text is longer than %(limit)d characters."), params={"limit": 254})
    try:
        validate_email(address)
    except ValidationError:
        raise ValidationError(_("“%(value)s” is not an email address."), params={"value": text[:80]}) from None
    return address


def _country(cleaner: Cleaner, text: str) -> str:
    if (code := countries.code(text)) not in countries.NAMES:
        raise ValidationError(_("“%(value)s” is not a country, such as FR or France."), params={"value": text[:80]})
    return code


def _language(cleaner: Cleaner, text: str) -> str:
    name = folded(text)
    if (code := cleaner.languages.get(name) or cleaner.languages.get(name[:2] if name[2:3] in "-_" else "")) is None:
        raise ValidationError(_("“%(value)s” is not one of our languages."), params={"value": text[:80]})
    return code


def _time_zone(cleaner: Cleaner, text: str) -> str:
    if text not in zoneinfo.available_timezones():
        raise ValidationError(_("Unknown time zone; an example is Europe/Paris."))
    return text


def _owner(cleaner: Cleaner, text: str) -> int:
    if (pk := cleaner.owners.get(text.casefold())) is None:
        raise ValidationError(_("There is no user “%(value)s”."), params={"value": text[:80]})
    return pk


def _stage(cleaner: Cleaner, text: str) -> int:
    if (pk := cleaner.stages.get(folded(text))) is None:
        raise ValidationError(_("There is no stage “%(value)s”."), params={"value": text[:80]})
    return pk


def _tags(cleaner: Cleaner, text: str) -> list[str]:
    return [_text(name.strip(), tagging.MAX_NAME) for name in text.split("|") if name.strip()]


def _segments(cleaner: Cleaner, text: str) -> list[int]:
    found = []
    for name in filter(None, (part.strip() for part in text.split("|"))):
        if (pk := cleaner.segments.get(folded(name))) is None:
            raise ValidationError(_("There is no segment “%(value)s”."), params={"value": name[:80]})
        found.append(pk)
    return found


CLEANERS: dict[str, Callable[[Cleaner, str], Any]] = {
    "email": _email,
    "phone": lambda cleaner, text: _text(text, 40),
    "name": lambda cleaner, text: _text(text, 200),
    "company": lambda cleaner, text: _text(text, Company._meta.get_field("name").max_length),
    "country": _country,
    "language": _language,
    "time_zone": _time_zone,
    "owner": _owner,
    "stage": _stage,
    "tags": _tags,
    "segments": _segments,
}
