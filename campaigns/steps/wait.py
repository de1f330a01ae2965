from __future__ import annotations

import zoneinfo
from collections.abc import Sequence
from datetime import datetime, time, timedelta, tzinfo
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.formats import time_format
from django.utils.text import get_text_list
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from campaigns.models import Enrolment, Step
from campaigns.registry import Params, Result, StepType, steps
from contacts.models import Contact
from contacts.remarks import Remark

UNITS = {
    "minutes": (_("minutes"), ngettext_lazy("%(count)d minute", "%(count)d minutes", "count")),
    "hours": (_("hours"), ngettext_lazy("%(count)d hour", "%(count)d hours", "count")),
    "days": (_("days"), ngettext_lazy("%(count)d day", "%(count)d days", "count")),
    "weeks": (_("weeks"), ngettext_lazy("%(count)d week", "%(count)d weeks", "count")),
}
WEEKDAYS = (_("Monday"), _("Tuesday"), _("Wednesday"), _("Thursday"), _("Friday"), _("Saturday"), _("Sunday"))


@steps.register
class Wait(StepType):
    """A while, and then perhaps until a time or a weekday of the contact's own clock."""

    key = "wait"
    label = _("Wait")
    group = _("Steering")

    class Form(forms.Form):
        amount = forms.IntegerField(label=_("How long"), min_value=0, max_value=10_000, initial=1)
        unit = forms.ChoiceField(
            label=_("Unit"), choices=[(unit, label) for unit, (label, _words) in UNITS.items()], initial="days"
        )
        at = forms.TimeField(
            label=_("Then until this time of day"),
            required=False,
            widget=forms.TimeInput(format="%H:%M"),
            help_text=_("In the contact's time zone, for example 09:00."),
        )
        weekdays = forms.TypedMultipleChoiceField(
            label=_("Then until one of these days"),
            required=False,
            coerce=int,
            choices=list(enumerate(WEEKDAYS)),
            widget=forms.CheckboxSelectMultiple,
        )

        def clean(self) -> dict[str, Any]:
            cleaned = super().clean() or {}
            if cleaned.get("amount") == 0 and not cleaned.get("at") and not cleaned.get("weekdays"):
                raise ValidationError(_("This would not wait at all."))
            return cleaned

    def describe(self, params: Params) -> str:
        """“wait 2 days, then until Monday or Tuesday at 9 a.m.”"""
        amount = UNITS[params["unit"]][1] % {"count": params["amount"]} if params["amount"] else ""
        end = self._end(params)
        if amount and end:
            return _g("wait %(time)s, then until %(end)s") % {"time": amount, "end": end}
        return _g("wait until %(end)s") % {"end": end} if end else _g("wait %(time)s") % {"time": amount}

    def _end(self, params: Params) -> str:
        days = get_text_list([str(WEEKDAYS[day]) for day in params.get("weekdays") or ()], _g("or"))
        at = time_format(time.fromisoformat(params["at"])) if params.get("at") else ""
        return _g("%(days)s at %(time)s") % {"days": days, "time": at} if days and at else days or at

    def run(self, step: Step, enrolments: Sequence[Enrolment], now: datetime) -> dict[int, Result]:
        results = {}
        for enrolment in enrolments:
            zone = zone_of(enrolment.contact)
            due_at = until(step.params, now, zone)
            results[enrolment.pk] = Result(Remark(_("Until %(time)s"), time=due_at.astimezone(zone)), due_at=due_at)
        return results


def until(params: Params, now: datetime, zone: tzinfo) -> datetime:
    """When the wait is over: the amount first, then the next matching time and weekday in the contact's zone."""
    moment = (now + timedelta(**{params["unit"]: params["amount"]})).astimezone(zone)
    at, weekdays = params.get("at"), params.get("weekdays")
    if at:
        clock = time.fromisoformat(at)
        day = moment.date() if moment.time() <= clock else moment.date() + timedelta(days=1)
        moment = datetime.combine(day, clock, zone)
    while weekdays and moment.weekday() not in weekdays:
        day = moment.date() + timedelta(days=1)
        moment = datetime.combine(day, moment.time() if at else time(), zone)
    return moment


def zone_of(contact: Contact) -> tzinfo:
    """The contact's zone; the instance's where it is unknown."""
    try:
        return zoneinfo.ZoneInfo(contact.time_zone) if contact.time_zone else timezone.get_default_timezone()
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return timezone.get_default_timezone()
