"""What a score did not consider, as the letter to the person tells it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from contacts.models import Purpose
from scoring import decay
from scoring.explain.almost import AlmostCounted, Missed, Reason, Refusal

NAMED = 6  # rules that did not count everything
DAY = "j F Y"


def uncounted(found: AlmostCounted) -> Iterator[str]:
    """A sentence for each thing that was not considered, the general ones first."""
    yield _(
        "What programs do on your behalf – security scanners, previews, mail programs that load pictures – does not count."
    )
    yield _("What needs an agreement that you have not given is not kept as yours, and does not count.")
    for refusal in found.refusals:
        yield _refused(refusal)
    rules = _by_rule(found.missed)
    for missed in rules[:NAMED]:
        yield _uncounted_rule(missed)
    if (more := len(rules) - NAMED) > 0:
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


def _by_rule(missed: Iterable[Missed]) -> list[list[Missed]]:
    """What one rule did not count for one reason, together."""
    found: dict[tuple[int, Reason, str], list[Missed]] = {}
    for one in missed:
        why = "" if one.reason in (Reason.EXPIRED, Reason.GROUP_CAP) else one.why
        found.setdefault((one.action_id, one.reason, why), []).append(one)
    return list(found.values())


def _uncounted_rule(missed: Sequence[Missed]) -> str:
    first, times = missed[0], sum(one.times for one in missed)
    happened = ngettext("%(name)s: %(count)d time – %(why)s.", "%(name)s: %(count)d times – %(why)s.", times)
    why = first.why
    if len(missed) > 1 and first.reason == Reason.EXPIRED:
        why = _("expired")
    if len(missed) > 1 and first.reason == Reason.GROUP_CAP:
        why = _("this part of the score takes no more")
    return happened % {"name": first.name, "count": times, "why": why}
