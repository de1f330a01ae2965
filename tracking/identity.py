"""Who was it: from tokens, forms, identify calls and visitor ids to contacts.

A token or an email in the hit says who acted; a visitor id says it where the browser is known already. What a browser did
before we knew it becomes the contact's, by `sql.claim_events`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from contacts.fields import normalise_email
from contacts.models import Contact, Purpose
from tracking import identity_sql as sql
from tracking.consents import PURPOSE_OF
from tracking.sql import Arrival, Stored

MAX_EMAIL = 254
MAX_HOPS = 20  # of contacts merged into contacts that were merged
FOLLOWED = [int(kind) for kind, purpose in PURPOSE_OF.items() if purpose == Purpose.WEB_TRACKING]


class Known:
    """What one batch needs to know about identity, loaded in a few statements.

    `emails`: the address each hit was given with, by the hit's id, where there is one.
    """

    def __init__(self, hits: Sequence[Arrival], emails: Mapping[int, object]) -> None:
        valid = {given: _valid(given) for given in emails.values() if isinstance(given, str)}
        self.emails = {pk: email for pk, given in emails.items() if isinstance(given, str) and (email := valid[given])}
        by_email = _by_email(set(self.emails.values()))
        tokens = {hit.contact_id for hit in hits if hit.contact_id}
        # Only of browsers that may be recognised now; of the others `remember` learns who they are.
        telling = {hit.visitor_id for hit in hits if hit.visitor_id and (hit.contact_id or hit.id in self.emails)}
        visitors = sql.visitors(telling) if telling else {}
        self._went = _went({*tokens, *by_email.values(), *(pk for pk in visitors.values() if pk)})
        self.by_email = {email: self._went[pk] for email, pk in by_email.items()}
        self.visitors = {visitor: self._went[pk] if pk else None for visitor, pk in visitors.items()}
        self.newly_known: set[str] = set()
        self.sure: set[str] = set()  # those whose browser gave an email

    def contact_of(self, hit: Arrival) -> int | None:
        """The contact a hit belongs to; learns who the visitor is on the way."""
        by_token = self._went.get(hit.contact_id) if hit.contact_id else None
        by_email = self.by_email.get(self.emails.get(hit.id, ""))
        visitor_id = hit.visitor_id
        known = self.visitors.get(visitor_id) if visitor_id else None
        # An email given by the person rules; a forwarded link does not take over a browser that is known already.
        contact_id = by_email or by_token or known
        if visitor_id and contact_id and (known is None or by_email) and contact_id != known:
            self.visitors[visitor_id] = contact_id
            self.newly_known.add(visitor_id)
        if visitor_id and by_email:
            self.sure.add(visitor_id)
        return contact_id

    def remember(self, hits: Sequence[Arrival]) -> None:
        """Write down the visitors of this batch.

        Another worker may have recognised a browser meanwhile: the row lock makes us wait for it, and `visitors` is then
        as the database has it.
        """
        if ids := [hit.id for hit in hits if hit.visitor_id]:
            told = {visitor: pk for visitor in self.newly_known | self.sure if (pk := self.visitors[visitor])}
            seen = sql.see_visitors(ids, told, self.sure)
            further = _went({into for _, _, into in seen if into})
            for visitor_id, contact_id, into in seen:
                self.visitors[visitor_id] = further[into] if into else contact_id

    def claim(self) -> tuple[list[Stored], set[int]]:
        """Give the earlier anonymous events of who is newly known to their contacts; the events, and these contacts."""
        if not self.newly_known:
            return [], set()
        return sql.claim_events(sorted(self.newly_known), FOLLOWED, Purpose.WEB_TRACKING)


def _valid(given: str) -> str | None:
    email = normalise_email(given) if len(given) <= MAX_EMAIL else None
    try:
        validate_email(email)
    except ValidationError:
        return None
    return email


def _went(ids: set[int]) -> dict[int, int]:
    """Where the events of these contacts go: to the contact they were merged into, in the end, else to themselves.

    Contacts that do not exist are left out.
    """
    merged = sql.contacts(ids) if ids else {}
    went = {pk: into or pk for pk, into in merged.items()}
    waiting = {into for into in merged.values() if into}
    for _hop in range(MAX_HOPS):
        if not (into := {pk: to for pk, to in sql.contacts(waiting).items() if to} if waiting else {}):
            break
        went = {pk: into.get(to, to) for pk, to in went.items()}
        waiting = set(into.values())
    return went


def _by_email(emails: Iterable[str]) -> dict[str, int]:
    """Contacts by email, made where missing. Sorted, so that two batches wait for each other instead of blocking."""
    wanted = sorted(set(emails))
    found = sql.contacts_by_email(wanted) if wanted else {}
    if missing := [email for email in wanted if email not in found]:
        Contact.objects.bulk_create([Contact(email=email) for email in missing], ignore_conflicts=True)
        found |= sql.contacts_by_email(missing)
    return found
