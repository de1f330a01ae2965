"""What languages write differently: a name in quotation marks, a label before its details, a moment, a length, a number."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.template.defaultfilters import floatformat
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.timesince import timesince
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

MINUS = "\u2212"


def quoted(name: object) -> str:
    """A name within a sentence: “Hot leads”."""
    return _("“%(name)s”") % {"name": name}


def labelled(label: object, details: object) -> str:
    """Details with what they are about: “Back-test: 2,000 contacts”."""
    return _("%(what)s: %(details)s") % {"what": label, "details": details}


def strung(parts: Iterable[object]) -> str:
    """Parts that may have commas of their own in one line: “add the tag A; send the email B”."""
    return _("; ").join(map(str, parts))


def moment(at: datetime) -> str:
    """A moment as lists and tables have it, in the time zone of the instance."""
    return date_format(localtime(at), "SHORT_DATETIME_FORMAT")


def to_the_second(at: datetime) -> str:
    """A moment as machines note it: when something broke is looked for in a log."""
    return date_format(localtime(at), "TO_THE_SECOND_FORMAT")


def duration(length: timedelta) -> str:
    """How long something took, in its two largest units: “12 s”, “3 min 5 s”, “2 h”."""
    seconds = round(length.total_seconds())
    if seconds < 1:
        return _("less than a second")
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    units = [(days, pgettext("days", "d")), (hours, "h"), (minutes, "min"), (seconds, "s")]
    first = next(place for place, (count, _unit) in enumerate(units) if count)
    return " ".join(f"{count}\N{NO-BREAK SPACE}{unit}" for count, unit in units[first : first + 2] if count)


def ago(at: datetime) -> str:
    """How long ago that was; nobody is told of nought minutes."""
    passed = timezone.now() - at
    return _("%(ago)s ago") % {"ago": timesince(at)} if passed >= timedelta(minutes=1) else _("just now")


def number(value: Any, places: int = -2) -> str:
    """A score as people read it, everywhere: thousands apart, and no decimals where it is whole, else two.

    What programs read (CSV, JSON, the value of an input) has the plain number."""
    return with_minus(str(floatformat(value, f"{places}g")))


def signed(value: Any, places: int = -2) -> str:
    """Points, or a difference: with their sign, whichever it is; nothing is neither."""
    return f"+{number(value, places)}" if value > 0 else number(value, places)


def whole(count: int) -> str:
    """How many, as people read it."""
    return with_minus(number_format(count, use_l10n=True, force_grouping=True))


def counted(count: int) -> Counted:
    """A count that chooses the plural form as the number it is, and is written as people read it."""
    return Counted(count)


class Counted(int):
    def __str__(self) -> str:
        return whole(int(self))


def with_minus(digits: str) -> str:
    """A number that is formatted already, with a minus sign as long as a plus, not a hyphen."""
    return digits.replace("-", MINUS)
