"""When the versions of a point action were in force, and which of them followed which."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.utils.translation import gettext

from contacts.wording import moment, signed
from scoring import wording
from scoring.models import PointActionVersion, Validity


def in_order(versions: Iterable[PointActionVersion]) -> list[PointActionVersion]:
    """Those that ever were in force, the latest to come into force first."""
    known = {version: at for version in versions if (at := first_known(version))}
    return sorted(known, key=lambda version: (known[version], version.number), reverse=True)


def counted(version: PointActionVersion) -> list[Validity]:
    """What it counted, as was known at different times; nothing for drafts."""
    return [one for one in version.validities.all() if one.valid_from < one.valid_until]


def first_known(version: PointActionVersion) -> datetime | None:
    """When it first came into force; None for drafts."""
    return min((one.known_from for one in counted(version)), default=None)


def replaced(version: PointActionVersion, among: Sequence[PointActionVersion]) -> int | None:
    """Which version counted what happened until this one came into force: not always that with the number before."""
    if (at := first_known(version)) is None:
        return None
    then = [
        (one.valid_until, one.known_from, other.number)
        for other in among
        for one in counted(other)
        if one.known_from < at <= one.known_until
    ]
    return max(then)[2] if then else None


def in_force(version: PointActionVersion, *, is_taken_back: bool) -> str:
    """Which events a version counts, or counted until it was rolled back, or a later one published for the past too."""
    if version.valid_from < version.valid_until:
        return wording.in_force(version.valid_from, version.valid_until)
    last = max(counted(version), key=lambda one: one.known_from)
    text = (
        gettext("%(interval)s; rolled back %(when)s")
        if is_taken_back
        else gettext("%(interval)s; replaced for the past, too, %(when)s")
    )
    return text % {
        "interval": wording.in_force(last.valid_from, last.valid_until),
        "when": moment(last.known_until),
    }


def repriced(version: PointActionVersion) -> str:
    return gettext("Its lines are worth %(points)s each since a later version was published for the past, too.") % {
        "points": signed(version.worth)
    }
