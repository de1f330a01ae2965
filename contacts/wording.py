"""What languages write differently: a name in quotation marks, a label before its details, a moment."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _


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
