"""The inbox: hits and contact changes become events, in the caller's transaction.

Taking a row deletes it. If the transaction fails, the row is back: nothing that was acknowledged is lost, and since each
key is received only once, nothing counts twice.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.utils import timezone

from contacts.models import Change, Contact
from tracking import banner, consents, daysums, identity, introductions, pages, sql, subjects, ties_sql
from tracking.hits import storable
from tracking.identity import Known
from tracking.introductions import Introduction
from tracking.models import Form, Hit, Kind, Subject, Verdict
from tracking.sql import Arrival, Decision, Stored
from tracking.submissions import Submissions, answer_key
from tracking.verdicts.seen import seen

Row = dict[str, Any]
Contacts = Mapping[int, int | None]  # hit id → contact id
# Hits with which people say something of themselves, or what they allow.
INTRODUCING = (Kind.FORM_SUBMITTED, Kind.IDENTIFIED, Kind.CONSENT_ANSWERED)


@dataclass(frozen=True)
class Happened:
    """What a batch brought: new or newly claimed events, and the contacts whose own data changed.

    `held` says that the batch comes from bulk work: what its scores cross waits for a release. `taken` counts the rows
    that were taken, those that came to nothing (a key received twice, say) included.
    """

    events: Sequence[Stored] = ()
    contact_ids: frozenset[int] = frozenset()
    changed_ids: frozenset[int] = frozenset()
    revised_ids: frozenset[int] = frozenset()  # contacts with whom earlier events came or went: to be counted anew
    held: bool = False
    taken: int = 0

    def __bool__(self) -> bool:
        return bool(self.taken or self.contact_ids)

    @property
    def event_ids(self) -> list[int]:
        return [pk for stored in self.events for pk in stored.ids]

    @property
    def span(self) -> tuple[datetime, datetime] | None:
        """The first and last moment of the events: between them lie the months to look for them in."""
        if not self.events:
            return None
        return min(stored.first_at for stored in self.events), max(stored.last_at for stored in self.events)

    def of(self, kinds: Collection[int]) -> list[int]:
        """The ids of the events of these kinds."""
        return [pk for stored in self.events if stored.kind in kinds for pk in stored.ids]


def waiting(limit: int) -> list[int]:
    """The ids of the oldest hits that wait, at most `limit`."""
    return list(Hit.objects.filter(parked_at__isnull=True).order_by("id").values_list("id", flat=True)[:limit])


def waiting_changes(limit: int, *, held: bool, without: Sequence[int] = ()) -> list[int]:
    """The ids of the oldest contact changes that wait, at most `limit` and none of these."""
    waiting = Change.objects.filter(held=held).exclude(pk__in=without)
    return list(waiting.order_by("id").values_list("id", flat=True)[:limit])


def waiting_months(hit_ids: Sequence[int], limit: int, without: Sequence[int] = ()) -> list[date]:
    """The months that these hits and the next `limit` changes may write to, a month to either side included.

    (Weeks and time zones cross months.) `without`: changes that are not taken.
    """
    months = sql.waiting_months(hit_ids, limit, without)
    near = {(month.replace(day=15) + timedelta(days=days)).replace(day=1) for month in months for days in (-30, 0, 30)}
    return sorted(near)


def ensure_months(table: str, months: Sequence[date]) -> None:
    """Make the partitions of `table` for these months, in a short transaction of its own, before a batch needs them."""
    if months:
        sql.ensure_months(table, months)


def take(ids: Sequence[int]) -> Happened:
    """Turn these hits into events; hits another worker has are skipped. The caller holds a transaction.

    Here is decided whose each hit is and what it is about; the rows themselves never leave the database.
    """
    held = sql.hold_hits(
        ids, page=Kind.PAGE_VISITED, custom=Kind.CUSTOM, visit=Kind.LANDING_PAGE_VISITED, start=Kind.FORM_STARTED
    )
    if again := [hit.id for hit in held if not hit.is_new]:
        sql.drop_hits(again)
    return _resolve([hit for hit in held if hit.is_new], taken=len(held))


def park(hit_id: int, error: str) -> None:
    """Set a hit that cannot be processed aside, with its error, for a person to look at."""
    Hit.objects.filter(pk=hit_id).update(parked_at=timezone.now(), error=storable(error[-20_000:], 20_000))


def _resolve(hits: Sequence[Arrival], taken: int) -> Happened:
    if not hits:
        return Happened(taken=taken)
    telling = _telling(hits)
    submissions = Submissions(telling)
    emails = {hit.id: hit.email for hit in hits if hit.email} | submissions.emails()
    said = [*banner.said(telling), *submissions.said()]
    known = Known(hits, emails, said)
    if known.unwanted:
        sql.drop_hits(sorted(known.unwanted))
        hits = [hit for hit in hits if hit.id not in known.unwanted]
        telling = [hit for hit in telling if hit.pk not in known.unwanted]
        if not hits:
            return Happened(taken=taken)
    contacts = _contacts(hits, known)
    known.claim_consents()
    refused = consents.refused(hits, contacts, [(pk, one) for one in said if (pk := contacts.get(one.hit_id))])
    banner.keep(telling, contacts)
    submissions.keep(contacts)
    introductions.write(_introductions(telling, submissions.introductions(contacts), contacts))
    abouts = _abouts(hits)
    decisions = [Decision(hit.id, contacts[hit.id], abouts[hit.id], hit.id in refused) for hit in hits]
    claimed, claimants = known.claim()  # before the events of this batch are among them
    if named := {hit.id: pk for hit in hits if (pk := _named(hit, known, contacts)) and hit.id not in refused}:
        ties_sql.note_named(named)
    events = sql.store_events(decisions, seen([hit.id for hit in hits]))
    if replaced := {hit.instead: abouts[hit.id] for hit in hits if hit.instead and hit.visitor_id}:
        sql.drop_nameless(replaced)
    if events:
        daysums.note([pk for stored in events for pk in stored.ids], min(stored.first_at for stored in events))
    events += sql.insert_events(_answers(submissions, contacts, named))
    revised = frozenset(known.split())
    owners = {pk for pk in contacts.values() if pk} | claimants | revised
    return Happened(events=[*events, *claimed], contact_ids=frozenset(owners), revised_ids=revised, taken=taken)


def _named(hit: Arrival, known: Known, contacts: Contacts) -> int | None:
    """The merged contact whom a hit named by a token or an address, if it now goes to another."""
    named = known.named.get(hit.id)
    return named if contacts[hit.id] and named != contacts[hit.id] else None


def _telling(hits: Sequence[Arrival]) -> list[Hit]:
    """The hits, oldest first, of which all that was sent has to be read."""
    ids = [hit.id for hit in hits if hit.kind in INTRODUCING]
    return list(Hit.objects.filter(pk__in=ids).order_by("pk")) if ids else []


def _contacts(hits: Sequence[Arrival], known: Known) -> Contacts:
    contacts = {hit.id: known.contact_of(hit) for hit in hits}
    known.remember(hits)
    # A browser may have been recognised meanwhile, by a later hit of this batch or by another worker.
    visitors = known.visitors
    contacts = {hit.id: contacts[hit.id] or visitors.get(hit.visitor_id or "") for hit in hits}
    # Forms and identify calls write to contacts: in contact order, so that two batches never block each other. And who is
    # being deleted gets no more events.
    alive = identity.hold({pk for pk in contacts.values() if pk})
    known.tie(alive)
    return {hit_id: alive.get(contact_id) if contact_id else None for hit_id, contact_id in contacts.items()}


def _introductions(
    telling: Sequence[Hit], submitted: Mapping[int, Introduction], contacts: Contacts
) -> list[Introduction]:
    """What was said, in order. Of identify calls, only those of trusted callers overwrite what is known."""
    said = []
    for hit in telling:
        if introduction := submitted.get(hit.pk):
            said.append(introduction)
        elif hit.kind == Kind.IDENTIFIED and (contact_id := contacts[hit.pk]):
            values = {name: value for name, value in hit.data.items() if name not in ("email", "trusted")}
            custom = values.pop("fields", {})
            said.append(Introduction(contact_id, values | custom, overwrite=bool(hit.data.get("trusted"))))
    return said


def _abouts(hits: Sequence[Arrival]) -> dict[int, int | None]:
    """The subject of each hit. One that names none by id is about a page, by its address, or a custom event, by its name."""
    found = pages.ids({hit.address: hit.title for hit in hits if hit.address})
    names = {hit.name for hit in hits if hit.name}
    custom = subjects.ids(Subject(type=Subject.Type.CUSTOM, key=name, name=name) for name in names)
    by_name = {name: custom[Subject.Type.CUSTOM, name] for name in names}
    begun = _forms({hit.form for hit in hits if hit.form})
    return {
        hit.id: found.get(hit.address) or by_name.get(hit.name) or begun.get(hit.form or 0) or hit.subject_id
        for hit in hits
    }


def _forms(ids: set[int]) -> dict[int, int]:
    """The subjects of these forms, as far as they exist."""
    rows = Form.objects.filter(pk__in=ids) if ids else ()
    return {form.pk: subjects.register(Subject.Type.FORM, form.pk, str(form)).pk for form in rows}


def _answers(submissions: Submissions, contacts: Contacts, named: Mapping[int, int]) -> list[Row]:
    """An event for each answer that a rule can match."""
    given = [(hit, subject) for hit in submissions.hits for subject in submissions.answers(hit)]
    ids = subjects.ids(subject for _, subject in given)
    return [
        {
            "key": answer_key(hit, subject),
            "kind": Kind.FORM_ANSWERED,
            "at": hit.at,
            "contact_id": contacts[hit.pk],
            "visitor_id": hit.visitor_id,
            "subject_id": ids[subject.type, subject.key],
            "message_id": hit.message_id,
            "verdict": Verdict.UNKNOWN,
            "data": {"field": subject.name, "answer": subject.path}
            | ({"named": named[hit.pk]} if hit.pk in named else {}),
            "received_at": hit.received_at,
        }
        for hit, subject in given
    ]


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


def take_changes(ids: Sequence[int], *, held: bool) -> Happened:
    """Turn these noted contact changes into events; those another worker has are skipped. The caller holds a transaction."""
    changes = sql.take_changes(ids)
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
        events=sql.insert_events(rows),
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
