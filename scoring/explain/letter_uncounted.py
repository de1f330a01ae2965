"""What a score did not consider, as the letter to the person tells it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from contacts.models import Purpose
from scoring import decay
from scoring.explain.almost import AlmostCounted, Missed, Reason, Refusal
from scoring.explain.letter_rules import Rules, listed

NAMED = 6  # things of one kind


def uncounted(found: AlmostCounted, rules: Rules) -> Iterator[str]:
    """A sentence for each thing that was not considered, the general ones first."""
    yield _(
        "What programs do on your behalf – security scanners, previews, mail programs that load pictures – does not count."
    )
    yield _("What needs an agreement that you have not given is not kept as yours, and does not count.")
    for refusal in found.refusals:
        yield _refused(refusal)
    for (told, why), missed in _alike(found.missed, rules).items():
        yield _not_counted(told, why, missed, rules)


def _refused(refusal: Refusal) -> str:
    values = {"purpose": Purpose(refusal.purpose).label}
    if refusal.since:
        day = date_format(decay.day_of(refusal.since), "DATE_FORMAT")
        return _("%(purpose)s: you refused it on %(day)s.") % {**values, "day": day}
    return _("%(purpose)s: you have not agreed to it.") % values


def _alike(missed: Sequence[Missed], rules: Rules) -> dict[tuple[str, str], list[Missed]]:
    """What was not counted, by what was done and why not, whichever rule it was; what merely expired, together."""
    found: dict[tuple[str, str], list[Missed]] = {}
    expired = Counter(one.action_id for one in missed if one.reason == Reason.EXPIRED)
    for one in missed:
        together = one.reason == Reason.EXPIRED and expired[one.action_id] > 1
        found.setdefault((rules.told(one.action_id), _("expired") if together else rules.why(one)), []).append(one)
    return found


def _not_counted(told: str, why: str, missed: Sequence[Missed], rules: Rules) -> str:
    """“You opened one of our emails (Letter 12, Letter 13): 3 times – each counts once.”"""
    times = _happened(missed, rules)
    if about := listed(rules.things(missed), NAMED):
        told = _("%(told)s (%(what)s)") % {"told": told, "what": about}
    happened = ngettext("%(name)s: %(count)d time – %(why)s.", "%(name)s: %(count)d times – %(why)s.", times)
    return happened % {"name": told, "count": times, "why": why}


def _happened(missed: Sequence[Missed], rules: Rules) -> int:
    """How often it happened: what two rules did not count of one thing happened once."""
    times: Counter[tuple[tuple[str, ...], int]] = Counter()
    for one in missed:
        times[tuple(rules.things([one])), one.action_id] += one.times
    most: dict[tuple[str, ...], int] = {}
    for (thing, _rule), count in times.items():
        most[thing] = max(count, most.get(thing, 0))
    return sum(most.values())
