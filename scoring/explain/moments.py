"""Moments as people type them, in the time zone of the instance."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext as _

WIDEST = timedelta(hours=14)  # no place is further from UTC


class UnclearMoment(ValueError):
    """What was typed is no moment of the past; its sentence says why."""


def read(text: str) -> datetime:
    """A moment of the past: `2026-03-02 14:30`, with or without an offset; a date alone is the end of that day.

    Raises UnclearMoment, with a sentence.
    """
    now = timezone.now()
    moment, is_day = _parsed(text.strip())
    if moment is None:
        raise UnclearMoment(_("“%(text)s” is not a time: write 2026-03-02 or 2026-03-02 14:30.") % {"text": text})
    if timezone.is_naive(moment):
        moment = _located(moment, text)
    if abs(moment.utcoffset() or timedelta()) > WIDEST:
        raise UnclearMoment(_("“%(text)s” is not a time: write 2026-03-02 or 2026-03-02 14:30.") % {"text": text})
    if moment > now and is_day and timezone.localdate(moment) == timezone.localdate(now):
        return now
    if moment.year == 1:  # its day in another zone may be before the calendar begins
        raise UnclearMoment(_("“%(text)s” is too long ago.") % {"text": text})
    if moment > now:
        raise UnclearMoment(_("“%(text)s” has not come yet.") % {"text": text})
    return moment


def _parsed(text: str) -> tuple[datetime | None, bool]:
    try:
        if day := parse_date(text):
            return datetime.combine(day, time.max), True
        return parse_datetime(text), False
    except ValueError:
        return None, False


def _located(moment: datetime, text: str) -> datetime:
    """In the time zone of the instance, unless the clocks were turned back or forward then."""
    first, second = (timezone.make_aware(moment.replace(fold=fold)) for fold in (0, 1))
    if first.utcoffset() != second.utcoffset():
        sentence = _("“%(text)s” is ambiguous, the clocks were changed then: add the offset, such as %(offset)s.")
        raise UnclearMoment(
            sentence % {"text": text, "offset": first.strftime("%z")[:3] + ":" + first.strftime("%z")[3:]}
        )
    return first
