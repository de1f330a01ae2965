"""Values of custom fields: one JSON form per type, whoever writes it (the admin, an import, a web form, the API).

Numbers are kept as numbers, dates as ISO text, dates with times as ISO text in UTC, several choices as a list; what is
empty is not kept at all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator, URLValidator
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _

from contacts.fields import normalise_email, normalise_phone
from contacts.models import CustomField
from contacts.wording import with_minus

Type = CustomField.Type
LARGEST = 10**15
DAYS = ("%Y-%m-%d", "%d/%m/%Y", "%d.%m.%Y")
MOMENTS = tuple(f"{day} {clock}" for day in DAYS for clock in ("%H:%M:%S", "%H:%M"))
YES = {"1", "yes", "y", "true", "t", "on", "x", "oui", "o", "vrai", "v"}
NO = {"0", "no", "n", "false", "f", "off", "non", "faux"}


def clean(field: CustomField, value: Any) -> Any:
    """The value as it is kept, or None for nothing. Raises ValidationError with a sentence for what the type cannot be."""
    if isinstance(value, str):
        value = value.strip()
    if value is None or value == "" or value == []:
        return None
    return CLEANERS[Type(field.type)](field, value)


def merged(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """`old` with the cleaned values of `new` written over it; None takes a value away."""
    return {key: value for key, value in {**old, **new}.items() if value is not None}


def words(field: CustomField, value: Any) -> str:
    """A value as people read it, in the active language."""
    if value is None or value == "" or value == []:
        return ""
    if field.type == Type.BOOLEAN:
        return _g("Yes") if value else _g("No")
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, int | float):
        return with_minus(number_format(value, use_l10n=True))
    try:
        if field.type == Type.DATE:
            return date_format(date.fromisoformat(value))
        if field.type == Type.DATETIME:
            return date_format(timezone.localtime(datetime.fromisoformat(value)), "DATETIME_FORMAT")
    except (TypeError, ValueError):
        return str(value)
    return str(value)


def _text(limit: int) -> Callable[[CustomField, Any], str]:
    def text(field: CustomField, value: Any) -> str:
        if not isinstance(value, str | int | float) or isinstance(value, bool):
            raise ValidationError(_("“%(value)s” is not a text."), params={"value": str(value)[:80]})
        if "\x00" in (written := str(value)):
            raise ValidationError(_("The text has characters that cannot be stored."))
        if len(written) > limit:
            raise ValidationError(_("The text is longer than %(limit)d characters."), params={"limit": limit})
        return written.encode("utf-8", "replace").decode()

    return text


def _decimal(field: CustomField, value: Any) -> int | float:
    try:
        if isinstance(value, bool) or len(str(value)) > 40:
            raise ValueError
        # As people write it: spaces between thousands, a comma before the decimals.
        written = "".join(str(value).split()).replace("\u202f", "").replace(",", ".")
        number = Decimal(written)
        if not number.is_finite() or abs(number) > LARGEST:
            raise ValueError
    except (ValueError, InvalidOperation):
        raise ValidationError(_("“%(value)s” is not a number."), params={"value": str(value)[:80]}) from None
    return int(number) if number == int(number) else float(number)


def _integer(field: CustomField, value: Any) -> int:
    number = _decimal(field, value)
    if not isinstance(number, int):
        raise ValidationError(_("“%(value)s” is not a whole number."), params={"value": str(value)[:80]})
    return number


def _boolean(field: CustomField, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if (word := str(value).strip().casefold()) in YES | NO:
        return word in YES
    raise ValidationError(_("“%(value)s” is neither yes nor no."), params={"value": str(value)[:80]})


def _date(field: CustomField, value: Any) -> str:
    if isinstance(value, datetime):
        return (timezone.localtime(value) if timezone.is_aware(value) else value).date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    for form in DAYS:
        try:
            return datetime.strptime(str(value), form).date().isoformat()  # noqa: DTZ007 - a day has no time zone
        except ValueError:
            continue
    raise ValidationError(_("“%(value)s” is not a date such as 2025-12-31."), params={"value": str(value)[:80]})


def _datetime(field: CustomField, value: Any) -> str:
    moment = value if isinstance(value, datetime) else _moment(str(value)[:40])
    if moment is None:
        raise ValidationError(
            _("“%(value)s” is not a date and time such as 2025-12-31 14:30."), params={"value": str(value)[:80]}
        )
    try:
        aware = moment if timezone.is_aware(moment) else timezone.make_aware(moment)
        return aware.astimezone(UTC).replace(microsecond=0).isoformat()
    except OverflowError:
        raise ValidationError(_("“%(value)s” is too far away."), params={"value": str(value)[:80]}) from None


def _moment(text: str) -> datetime | None:
    try:
        if found := parse_datetime(text):
            return found
    except ValueError:
        return None
    for form in MOMENTS:
        try:
            return datetime.strptime(text, form)  # noqa: DTZ007 - read in the instance's time zone by the caller
        except ValueError:
            continue
    return None


def _choice(field: CustomField, value: Any) -> str:
    by_name = {str(choice).casefold(): str(choice) for choice in field.choices}
    if not isinstance(value, str | int | float) or (found := by_name.get(str(value).strip().casefold())) is None:
        raise ValidationError(_("“%(value)s” is not one of the choices."), params={"value": str(value)[:80]})
    return found


def _choices(field: CustomField, value: Any) -> list[str]:
    parts = value.split("|") if isinstance(value, str) else value
    if not isinstance(parts, list | tuple):
        raise ValidationError(_("“%(value)s” is not one of the choices."), params={"value": str(value)[:80]})
    chosen = {_choice(field, part) for part in parts if part not in ("", None)}
    return [choice for choice in map(str, field.choices) if choice in chosen]


def _email(field: CustomField, value: Any) -> str:
    address = normalise_email(_text(254)(field, value)) or ""
    EmailValidator()(address)
    return address


def _url(field: CustomField, value: Any) -> str:
    address = _text(500)(field, value)
    URLValidator(schemes=["http", "https"])(address)
    return address


def _phone(field: CustomField, value: Any) -> str:
    return normalise_phone(_text(40)(field, value))


CLEANERS: dict[str, Callable[[CustomField, Any], Any]] = {
    Type.TEXT: _text(500),
    Type.LONG_TEXT: _text(10_000),
    Type.INTEGER: _integer,
    Type.DECIMAL: _decimal,
    Type.BOOLEAN: _boolean,
    Type.DATE: _date,
    Type.DATETIME: _datetime,
    Type.CHOICE: _choice,
    Type.CHOICES: _choices,
    Type.EMAIL: _email,
    Type.URL: _url,
    Type.PHONE: _phone,
}
