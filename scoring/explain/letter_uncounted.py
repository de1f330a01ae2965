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
from scoring.explain.letter_rules import Rules

NAMED = 6  # rules that did not count everything
DAY = "j F Y"


def uncounted(found: AlmostCounted, rules: Rules) -> Iterator[str]:
    """A sentence for each thing that was not considered, the general ones first."""
    yield _(
        "What programs do on your behalf – security scanners, previews, mail programs that load pictures – does not count."
    )
    yield _("What needs an agreement that you have not given is not kept as yours, and does not count.")
    for refusal in found.refusals:
        yield _refused(refusal)
    refused = _by_rule(found.missed, rules)
    for (told, why), missed in list(refused.items())[:NAMED]:
        yield _uncounted_rule(told, why, missed)
    if (more := len(refused) - NAMED) > 0:
        yield ngettext(
            "… and %(count)d more rule that did not count everything.",
            "… and %(count)d more rules that did not count everything.",
            more,
        ) % {"count": more}


def _refused(refusal: Refusal) -> str:
    values = {"purpose": Purpose(refusal.purpose).label}
    if refusal.since:
        day = date_format(decay.day_of(refusal.since), DAY)
        return _("%(purpose)s: you refused it on %(day)s.") % {**values, "day": day}
    return _("%(purpose)s: you have not agreed to it.") % values


def _by_rule(missed: Sequence[Missed], rules: Rules) -> dict[tuple[str, str], list[Missed]]:
    """What was not counted, by what it was and why, as the person is told it; what merely expired, together."""
    found: dict[tuple[str, str], list[Missed]] = {}
    expired = Counter(one.action_id for one in missed if one.reason == Reason.EXPIRED)
    for one in missed:
        together = one.reason == Reason.EXPIRED and expired[one.action_id] > 1
        found.setdefault((rules.told(one.action_id), _("expired") if together else rules.why(one)), []).append(one)
    return found


def _uncounted_rule(told: str, why: str, missed: Sequence[Missed]) -> str:
    times = sum(one.times for one in missed)
    happened = ngettext("%(name)s: %(count)d time – %(why)s.", "%(name)s: %(count)d times – %(why)s.", times)
    return happened % {"name": told, "count": times, "why": why}
