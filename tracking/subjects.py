"""Subjects: what events are about, found or made by their natural key."""

from __future__ import annotations

from collections.abc import Iterable

from tracking import sql
from tracking.models import Subject

Type = Subject.Type
MAX_KEY_BYTES = 2_000  # with its type, what an entry of the unique index holds for certain (2704 bytes)


def key(text: str) -> str:
    """The text as the key of a subject: cut where the index would refuse it. Anybody can visit an address that long."""
    return text.encode()[:MAX_KEY_BYTES].decode(errors="ignore")


def register(type: Type, ref_id: int, name: str, parent: Subject | None = None) -> Subject:
    """The subject of an owner's row; made on first call, renamed when the owner was. Safe to repeat and to race."""
    subject, created = Subject.objects.get_or_create(
        type=type, key=str(ref_id), defaults={"ref_id": ref_id, "name": name[:300], "parent": parent}
    )
    if not created and subject.name != name[:300]:
        subject.name = name[:300]
        subject.save(update_fields=["name"])
    return subject


def ids(wanted: Iterable[Subject]) -> dict[tuple[str, str], int]:
    """The ids of unsaved subjects by (type, key), made in one statement where missing.

    Existing rows keep what they have. New rows arrive unresolved: `scoring.matching` sees to them in the same transaction.
    """
    rows = {(subject.type, subject.key): subject for subject in wanted}
    if not rows:
        return {}
    found = find(rows)
    missing = [rows[key] for key in sorted(rows.keys() - found.keys())]
    if missing:
        Subject.objects.bulk_create(missing, ignore_conflicts=True)
        found |= find((subject.type, subject.key) for subject in missing)
    return found


def find(wanted: Iterable[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """The ids of those that exist, by (type, key)."""
    return sql.find_subjects(list(wanted))
