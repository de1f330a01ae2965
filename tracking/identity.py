"""Who was it: from tokens, forms, identify calls and visitor ids to contacts.

A token or an email in the hit says who acted; a visitor id says it where the browser is known already. What a browser did
before we knew it becomes the contact's, by `sql.claim_events`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db.models.functions import Lower

from contacts.fields import normalise_email
from contacts.models import Contact, Purpose
from tracking import sql
from tracking.consents import PURPOSE_OF
from tracking.models import Visitor

Row = dict[str, Any]
MAX_EMAIL = 254
MAX_HOPS = 20  # of contacts merged into contacts that were merged


class Known:
    """What one batch needs to know about identity, loaded in a few statements."""

    def __init__(self, hits: Sequence[Row]) -> None:
        tokens = _existing({hit["contact_id"] for hit in hits if hit["contact_id"]})
        by_email = _by_email({email for hit in hits if (email := email_of(hit))})
        visitors = _visitors(hits)
        self.merged = _merged({*tokens, *by_email.values(), *(pk for pk in visitors.values() if pk)})
        self.contacts = {pk: self.merged[pk] for pk in tokens}
        self.by_email = {email: self.merged[pk] for email, pk in by_email.items()}
        self.visitors = {visitor: self.merged[pk] if pk else None for visitor, pk in visitors.items()}
        self.newly_known: set[UUID] = set()
        self.sure: set[UUID] = set()  # those whose browser gave an email

    def contact_of(self, hit: Row) -> int | None:
        """The contact a hit belongs to; learns who the visitor is on the way."""
        by_token = self.contacts.get(hit["contact_id"])
        by_email = self.by_email.get(email_of(hit) or "")
        visitor_id = hit["visitor_id"]
        known = self.visitors.get(visitor_id) if visitor_id else None
        # An email given by the person rules; a forwarded link does not take over a browser that is known already.
        contact_id = by_email or by_token or known
        if visitor_id and contact_id and (known is None or by_email) and contact_id != known:
            self.visitors[visitor_id] = contact_id
            self.newly_known.add(visitor_id)
        if visitor_id and by_email:
            self.sure.add(visitor_id)
        return contact_id

    def remember(self, hits: Sequence[Row]) -> dict[int, int]:
        """Write down the visitors of this batch; return whose the earlier anonymous events (by id) are now.

        Another worker may have recognised a browser meanwhile: the row lock makes us wait for it, and `visitors` is then
        as the database has it.
        """
        seen: dict[UUID, Row] = {}
        for hit in hits:
            if (visitor_id := hit["visitor_id"]) is None:
                continue
            row = seen.setdefault(visitor_id, {"id": visitor_id, "first_seen_at": hit["at"], "last_seen_at": hit["at"]})
            row["first_seen_at"] = min(row["first_seen_at"], hit["at"])
            row["last_seen_at"] = max(row["last_seen_at"], hit["at"])
            row["contact_id"] = self.visitors[visitor_id] if visitor_id in self.newly_known | self.sure else None
        if seen:
            rows = sorted(seen.values(), key=lambda row: row["id"])
            for visitor_id, contact_id in sql.upsert_visitors(rows, sorted(self.sure)).items():
                self.visitors[visitor_id] = self.merged.get(contact_id, contact_id) if contact_id else None
        if not self.newly_known:
            return {}
        followed = [kind for kind, purpose in PURPOSE_OF.items() if purpose == Purpose.WEB_TRACKING]
        return sql.claim_events(sorted(self.newly_known), followed, Purpose.WEB_TRACKING)


def email_of(hit: Row) -> str | None:
    """The valid email a hit was given with, normalised."""
    email = hit["data"].get("email")
    email = normalise_email(email) if isinstance(email, str) and len(email) <= MAX_EMAIL else None
    try:
        validate_email(email)
    except ValidationError:
        return None
    return email


def _existing(ids: set[int]) -> set[int]:
    return set(Contact.objects.filter(pk__in=ids).values_list("pk", flat=True)) if ids else set()


def _merged(ids: set[int]) -> dict[int, int]:
    """Where these contacts' events go: to the contact they were merged into, in the end, else to themselves."""
    went = {pk: pk for pk in ids}
    for _hop in range(MAX_HOPS if ids else 0):
        merged = Contact.objects.filter(pk__in=set(went.values()), merged_into__isnull=False)
        if not (into := dict(merged.values_list("pk", "merged_into_id"))):
            break
        went = {pk: into.get(to) or to for pk, to in went.items()}
    return went


def _by_email(emails: Iterable[str]) -> dict[str, int]:
    """Contacts by email, made where missing. Sorted, so that two batches wait for each other instead of blocking."""
    wanted = sorted(set(emails))
    found = _find_by_email(wanted)
    missing = [Contact(email=email) for email in wanted if email not in found]
    if missing:
        Contact.objects.bulk_create(missing, ignore_conflicts=True)
        found |= _find_by_email([contact.email or "" for contact in missing])
    return found


def _find_by_email(emails: Sequence[str]) -> dict[str, int]:
    if not emails:
        return {}
    rows = Contact.objects.annotate(lower_email=Lower("email")).filter(lower_email__in=emails)
    return dict(rows.values_list("lower_email", "pk"))


def _visitors(hits: Sequence[Row]) -> dict[UUID, int | None]:
    ids = {hit["visitor_id"] for hit in hits if hit["visitor_id"]}
    return dict(Visitor.objects.filter(pk__in=ids).values_list("pk", "contact_id")) if ids else {}
