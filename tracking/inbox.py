"""The inbox: hits and contact changes become events, in the caller's transaction.

Taking a row deletes it. If the transaction fails, the row is back: nothing that was acknowledged is lost, and since each
key is received only once, nothing counts twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.utils import timezone

from contacts.models import Change, Contact
from tracking import pages, sql, subjects
from tracking.consents import Consents
from tracking.hits import storable
from tracking.identity import Known
from tracking.models import Hit, Kind, Subject, Verdict
from tracking.submissions import Submissions, answer_key, update_contact

Row = dict[str, Any]


@dataclass(frozen=True)
class Happened:
    """What a batch brought: new or newly claimed events, and the contacts whose own data changed.

    `held` says that the batch comes from bulk work: what its scores cross waits for a release. `taken` counts the rows
    that were taken, those that came to nothing (a key received twice, say) included.
    """

    event_ids: Sequence[int] = ()
    contact_ids: frozenset[int] = frozenset()
    changed_ids: frozenset[int] = frozenset()
    held: bool = False
    taken: int = 0

    def __bool__(self) -> bool:
        return bool(self.taken or self.contact_ids)


def waiting(limit: int) -> list[int]:
    """The ids of the oldest hits that wait, at most `limit`."""
    return list(Hit.objects.filter(parked_at__isnull=True).order_by("id").values_list("id", flat=True)[:limit])


def waiting_months(hit_ids: Sequence[int], limit: int) -> list[date]:
    """The months that these hits and the next `limit` changes may write to, a month to either side included.

    (Weeks and time zones cross months.)
    """
    months = sql.waiting_months(hit_ids, limit)
    near = {(month.replace(day=15) + timedelta(days=days)).replace(day=1) for month in months for days in (-30, 0, 30)}
    return sorted(near)


def ensure_months(table: str, months: Sequence[date]) -> None:
    """Make the partitions of `table` for these months, in a short transaction of its own, before a batch needs them."""
    if months:
        sql.ensure_months(table, months)


def take(ids: Sequence[int]) -> Happened:
    """Turn these hits into events; hits another worker has are skipped. The caller holds a transaction."""
    hits = sql.take_hits(ids)
    new = sql.receive([hit["key"] for hit in hits]) if hits else set()
    return _resolve([hit for hit in hits if hit["key"] in new], taken=len(hits))


def park(hit_id: int, error: str) -> None:
    """Set a hit that cannot be processed aside, with its error, for a person to look at."""
    Hit.objects.filter(pk=hit_id).update(parked_at=timezone.now(), error=storable(error[-20_000:], 20_000))


def _resolve(hits: list[Row], taken: int) -> Happened:
    if not hits:
        return Happened(taken=taken)
    submissions = Submissions(hits)
    submissions.name_people()
    known = Known(hits)
    contacts = {hit["id"]: known.contact_of(hit) for hit in hits}
    claimed = known.remember(hits)
    # A browser may have been recognised meanwhile, by a later hit of this batch or by another worker.
    contacts = {hit["id"]: contacts[hit["id"]] or known.visitors.get(hit["visitor_id"]) for hit in hits}
    _lock_contacts(contacts.values())
    submissions.keep(contacts)
    _introduce(hits, contacts)
    answered = {hit["id"]: submissions.answers(hit) for hit in submissions.hits}
    abouts = _subjects(hits, [subject for group in answered.values() for subject in group])
    consents = Consents(contact_id for contact_id in contacts.values() if contact_id)
    rows: list[Row] = []
    for hit in hits:
        contact_id = contacts[hit["id"]]
        if contact_id and not consents.allow(hit, contact_id):
            rows.append(_nameless(_event(hit, None, abouts)))
            continue
        rows.append(_event(hit, contact_id, abouts))
        rows += [_answer_event(hit, contact_id, subject, abouts) for subject in answered.get(hit["id"], ())]
    event_ids = sql.insert_events(rows)
    owners = {contact_id for contact_id in contacts.values() if contact_id} | set(claimed.values())
    return Happened(event_ids=[*event_ids, *claimed], contact_ids=frozenset(owners), taken=taken)


def _lock_contacts(ids: Iterable[int | None]) -> None:
    """Forms and identify calls may write to contacts: in contact order, so that two batches never block each other."""
    list(
        Contact.objects.filter(pk__in={pk for pk in ids if pk})
        .order_by("pk")
        .select_for_update(no_key=True)
        .values_list("pk")
    )


def _introduce(hits: Sequence[Row], contacts: dict[int, int | None]) -> None:
    """Identify calls bring names and fields with them; only trusted callers overwrite what is known."""
    for hit in hits:
        contact_id = contacts[hit["id"]]
        if hit["kind"] == Kind.IDENTIFIED and contact_id:
            values = {name: value for name, value in hit["data"].items() if name not in ("email", "trusted")}
            update_contact(contact_id, values | values.pop("fields", {}), overwrite=bool(hit["data"].get("trusted")))


def _subjects(hits: Sequence[Row], answers: Sequence[Subject]) -> dict[tuple[str, str], int]:
    wanted = [subject for hit in hits if (subject := _subject(hit))]
    return subjects.ids([*wanted, *answers])


def _subject(hit: Row) -> Subject | None:
    """The subject of a hit that names none by id: a page by its address, a custom event by its name."""
    if hit["kind"] == Kind.PAGE_VISITED:
        return pages.page(hit["url"], str(hit["data"].get("title") or ""))
    if hit["kind"] == Kind.CUSTOM:
        name = str(hit["data"].get("name") or "")[:300]
        return Subject(type=Subject.Type.CUSTOM, key=name, name=name) if name else None
    return None


def _event(hit: Row, contact_id: int | None, abouts: dict[tuple[str, str], int]) -> Row:
    about = _subject(hit)
    data = dict(hit["data"])
    for name in ("email", "answers", "consents", "trusted"):
        data.pop(name, None)
    for name in ("url", "ip", "user_agent"):
        if hit[name]:
            data[name] = hit[name]
    return {
        "key": hit["key"],
        "kind": hit["kind"],
        "at": hit["at"],
        "contact_id": contact_id,
        "visitor_id": hit["visitor_id"],
        "subject_id": abouts[about.type, about.key] if about else hit["subject_id"],
        "message_id": hit["message_id"],
        "verdict": Verdict.UNKNOWN,
        "data": data,
        "received_at": hit["received_at"],
    }


def _nameless(event: Row) -> Row:
    """The event without anything that leads to a person: an address may carry a name, or the token of a mail."""
    data = {name: value for name, value in event["data"].items() if name not in ("ip", "user_agent")}
    if "url" in data:
        data["url"] = data["url"].partition("?")[0].partition("#")[0]
    return event | {"contact_id": None, "visitor_id": None, "message_id": None, "data": data}


def _answer_event(hit: Row, contact_id: int | None, subject: Subject, abouts: dict[tuple[str, str], int]) -> Row:
    return _event(hit, contact_id, abouts) | {
        "key": answer_key(hit, subject),
        "kind": Kind.FORM_ANSWERED,
        "subject_id": abouts[subject.type, subject.key],
        "data": {"field": subject.name, "answer": subject.path},
    }


# --- changes of a contact's own data ------------------------------------------------------------------------------------

KIND_OF_CHANGE = {
    Change.Kind.CREATED: Kind.CONTACT_CREATED,
    Change.Kind.UPDATED: Kind.CONTACT_CHANGED,
    Change.Kind.COMPANY: Kind.CONTACT_CHANGED,
    Change.Kind.TAGGED: Kind.TAG_ADDED,
    Change.Kind.UNTAGGED: Kind.TAG_REMOVED,
    Change.Kind.ENTERED: Kind.SEGMENT_ENTERED,
    Change.Kind.LEFT: Kind.SEGMENT_LEFT,
    Change.Kind.CONSENT: Kind.CONSENT_CHANGED,
    Change.Kind.BLOCKED: Kind.BLOCKED,
    Change.Kind.UNBLOCKED: Kind.UNBLOCKED,
}


def take_changes(limit: int, *, held: bool) -> Happened:
    """Turn up to `limit` noted contact changes into events. The caller holds a transaction."""
    changes = sql.take_changes(limit, held=held)
    alive = set(
        Contact.objects.filter(pk__in={change["contact_id"] for change in changes}).values_list("pk", flat=True)
    )
    taken = len(changes)
    changes = [change for change in changes if change["contact_id"] in alive]
    if not changes:
        return Happened(taken=taken)
    rows = [_change_event(change) for change in changes]
    rows += [row | {"kind": Kind.STAGE_CHANGED} for row in rows if "stage_id" in row["data"]]
    return Happened(
        event_ids=sql.insert_events(rows),
        contact_ids=frozenset(alive),
        changed_ids=frozenset(alive),
        held=held,
        taken=taken,
    )


def _change_event(change: Row) -> Row:
    return {
        "key": None,
        "kind": KIND_OF_CHANGE[change["kind"]],
        "at": change["at"],
        "contact_id": change["contact_id"],
        "visitor_id": None,
        "subject_id": None,
        "message_id": None,
        "verdict": Verdict.HUMAN,
        "data": change["data"] | ({"id": change["ref_id"]} if change["ref_id"] else {}),
        "received_at": change["at"],
    }
