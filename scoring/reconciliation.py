"""Proof that ledger == scores == replay: every difference, contact by contact, and a way to put it right.

Reads only; live scoring goes on beside it. A contact whom a batch moves while they are looked at is looked at again
under the lock before anything is said about them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _

from contacts.models import Change, Contact
from scoring import decay, profiles, scores, sql
from scoring.models import PointActionVersion, PointGroup, Sweep

TIMES = {
    "first_at": _("first"),
    "last_at": _("last"),
    "expires_on": _("expires"),
    "is_expired": _("expired"),
}


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it should be. `what`: "score", "line" or "profile line"."""

    contact_id: int
    what: str
    name: str  # of the group or the rule
    due: str
    found: str


def findings(size: int = 5000) -> Iterator[tuple[int, list[Finding]]]:
    """For each range of contacts: how many were looked at, and what is wrong with them."""
    last = 0
    while ids := list(Contact.objects.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:size]):
        last = ids[-1]
        suspects = sorted({finding.contact_id for finding in _look(ids)})
        yield len(ids), _look_again(suspects) if suspects else []


def _look_again(contact_ids: Sequence[int]) -> list[Finding]:
    """What still is wrong while nobody can move it; whom a sweep has not come to yet is left to the sweep."""
    with transaction.atomic():
        sql.share_rules()
        locked = scores.lock(contact_ids)
        for sweep in Sweep.objects.filter(finished_at__isnull=True):
            behind = {pk for ids in sql.behind(locked, sweep.pk).values() for pk in ids}
            locked = sorted({*locked} - behind)
        return _look(locked)


def _look(contact_ids: Sequence[int]) -> list[Finding]:
    return [*_sums(contact_ids), *_lines(contact_ids), *_profiles(contact_ids)]


def _sums(contact_ids: Sequence[int]) -> Iterator[Finding]:
    groups = dict(PointGroup.objects.values_list("pk", "name"))
    for row in sql.differences(contact_ids):
        name = groups.get(row["group_id"]) or _g("Overall score")
        yield Finding(row["contact_id"], "score", name, str(row["due"]), str(row["score"]))


def _lines(contact_ids: Sequence[int]) -> Iterator[Finding]:
    rows = sql.unfaithful(contact_ids, decay.today(), sql.shape())
    versions = PointActionVersion.objects.in_bulk({row["version_id"] for row in rows})
    for row in rows:
        yield Finding(row["contact_id"], "line", str(versions[row["version_id"]]), _said(row, "due_"), _said(row, ""))


def _profiles(contact_ids: Sequence[int]) -> Iterator[Finding]:
    """Contacts whose changes still wait in the pipeline are left to it."""
    waiting = set(Change.objects.filter(contact_id__in=contact_ids).values_list("contact_id", flat=True))
    settled = [pk for pk in contact_ids if pk not in waiting]
    wanted = {(row["contact_id"], row["version_id"]) for row in profiles.wanted(settled)}
    rows = sql.profile_lines(settled)
    present = {(row["contact_id"], row["version_id"]) for row in rows if row["due_hits"]}
    told = wanted ^ present
    wrong = [
        row for row in rows if not row["is_right"] and (row["contact_id"], row["version_id"]) not in present - wanted
    ]
    about = {version for _contact, version in told} | {row["version_id"] for row in wrong}
    versions = PointActionVersion.objects.in_bulk(about)
    for contact_id, version_id in sorted(told):
        holds = (contact_id, version_id) in wanted
        yield Finding(
            contact_id, "profile line", str(versions[version_id]), "1" if holds else "–", "–" if holds else "1"
        )
    for row in wrong:
        name = str(versions[row["version_id"]])
        yield Finding(row["contact_id"], "profile line", name, _said(row, "due_"), _said(row, ""))


def _said(row: dict[str, Any], prefix: str) -> str:
    """One side of a comparison: what was counted, and whatever else is not the same on both."""
    if row[f"{prefix}hits"] is None:
        return "–"
    said = f"{row[f'{prefix}hits']} × → {row[f'{prefix}credited']}"
    if row[f"{prefix}cut"]:
        said = f"{said} − {row[f'{prefix}cut']}"
    differing = [name for name in TIMES if row["hits"] and row["due_hits"] and row[name] != row[f"due_{name}"]]
    return ", ".join([said, *(_time(TIMES[name], row[f"{prefix}{name}"]) for name in differing)])


def _time(label: Any, value: Any) -> str:
    told = timezone.localtime(value).isoformat(" ") if isinstance(value, datetime) else value
    if told is True:
        told = _g("yes")
    return f"{label}: {told or '–'}"
