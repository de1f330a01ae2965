"""Who was it: from tokens, forms, identify calls and visitor ids to contacts.

A token or an email in the hit says who acted; a visitor id says it where the browser is known already. What a browser did
before we knew it becomes the contact's, by `sql.claim_events`.

A tracked link names a browser only until somebody says who they are in it: mails are forwarded. What the browser did as the
other meanwhile is then given to whoever it turned out to be (`split`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from contacts import tombstones
from contacts.fields import normalise_email
from contacts.models import Contact, Purpose
from tracking import identity_sql as sql
from tracking import ties_sql
from tracking.consents import PURPOSE_OF, Said, refused
from tracking.models import Kind
from tracking.sql import Arrival, Stored

MAX_EMAIL = 254
MAX_HOPS = 20  # of contacts merged into contacts that were merged
# Whose token is the message's own, whoever follows it. Other hits carry a pass: what a browser was told by a link.
OF_MESSAGES = frozenset({Kind.EMAIL_OPENED, Kind.EMAIL_CLICKED, Kind.SMS_CLICKED, Kind.UNSUBSCRIBED})
CLICKS = frozenset({Kind.EMAIL_CLICKED, Kind.SMS_CLICKED})
FOLLOWED = [int(kind) for kind, purpose in PURPOSE_OF.items() if purpose == Purpose.WEB_TRACKING]


class Known:
    """What one batch needs to know about identity, loaded in a few statements.

    `emails`: the address each hit was given with, by the hit's id, where there is one. `said`: the answers about consent.
    """

    def __init__(self, hits: Sequence[Arrival], emails: Mapping[int, object], said: Sequence[Said] = ()) -> None:
        valid = {given: _valid(given) for given in emails.values() if isinstance(given, str)}
        self.emails = {pk: email for pk, given in emails.items() if isinstance(given, str) and (email := valid[given])}
        by_themselves = {
            self.emails[hit.id] for hit in hits if hit.kind == Kind.FORM_SUBMITTED and hit.id in self.emails
        }
        by_email, erased = _by_email(set(self.emails.values()), by_themselves)
        # What is told of who had themselves erased comes to nothing: only they themselves can come back.
        self.unwanted = {pk for pk, email in self.emails.items() if email in erased}
        tokens = {hit.contact_id for hit in hits if hit.contact_id}
        # Only of browsers that may be recognised now; of the others `remember` learns who they are.
        answering = {answer.hit_id for answer in said}
        telling = {
            hit.visitor_id
            for hit in hits
            if hit.visitor_id and (hit.contact_id or hit.id in self.emails or hit.id in answering)
        }
        visitors = sql.visitors(telling) if telling else []
        self._went = _went({*tokens, *by_email.values(), *(pk for _, pk, _ in visitors if pk)})
        self._by_email = by_email
        self.visitors = {visitor: self._went.get(pk) if pk else None for visitor, pk, _ in visitors}
        self._silent = self._refusing(hits, said)
        self.newly_known: set[str] = set()
        self.sure: set[str] = set()  # those whose browser gave an email
        self.named: dict[int, int] = {}  # whom a hit names, be they merged into another or not
        self._settled = {visitor for visitor, pk, is_sure in visitors if pk and is_sure}
        self._unsure: dict[str, int | None] = {}
        self._ties: list[tuple[int, str, int, bool]] = []
        self._guesses: dict[str, set[int]] = defaultdict(set)  # as whom a browser was known by links alone
        self._became: dict[str, int] = {}  # whose email was first given in a browser

    def _refusing(self, hits: Sequence[Arrival], said: Sequence[Said]) -> set[int]:
        """The hits that name somebody who does not want to be followed this way: no browser is recognised by them.

        What they say of that in this very batch holds, too.
        """
        naming = [hit for hit in hits if hit.contact_id and hit.visitor_id and hit.kind in PURPOSE_OF]
        if not naming:
            return set()
        whose = self._answering(hits) if said else {}
        owners = {hit.id: self._went.get(hit.contact_id or 0) for hit in naming}
        return refused(naming, owners, [(pk, answer) for answer in said if (pk := whose.get(answer.hit_id))])

    def _answering(self, hits: Sequence[Arrival]) -> dict[int, int]:
        """Whose each hit is by what it says itself, or by an address that was given in its browser; no link is asked."""
        given = {
            hit.id: pk for hit in hits if (pk := self._went.get(self._by_email.get(self.emails.get(hit.id, ""), 0)))
        }
        browsers = self.visitors | {hit.visitor_id: given[hit.id] for hit in hits if hit.visitor_id and hit.id in given}
        told = {hit.id: self._went.get(hit.contact_id or 0) or browsers.get(hit.visitor_id or "") for hit in hits}
        return {hit_id: pk for hit_id, pk in (told | given).items() if pk}

    def contact_of(self, hit: Arrival) -> int | None:
        """The contact a hit belongs to; learns who the visitor is on the way."""
        named = self._by_email.get(self.emails.get(hit.id, ""))
        by_email = self._went.get(named) if named else None
        visitor_id = hit.visitor_id
        known = self.visitors.get(visitor_id) if visitor_id else None
        token = hit.contact_id
        if known and visitor_id in self._settled and hit.kind not in OF_MESSAGES:
            token = None  # whoever walks on from a forwarded link has said who they are
        by_token = self._went.get(token) if token else None
        # An email given by the person rules; a forwarded link does not take over a browser that is known already.
        contact_id = by_email or by_token or known
        if pk := named if by_email else token if by_token else None:
            self.named[hit.id] = pk
        if visitor_id and contact_id and hit.id not in self._silent:
            if (known is None or by_email) and contact_id != known:
                self.visitors[visitor_id] = contact_id
                self.newly_known.add(visitor_id)
            self._tie(hit, visitor_id, contact_id, given=bool(by_email))
        return contact_id

    def _tie(self, hit: Arrival, visitor_id: str, contact_id: int, *, given: bool) -> None:
        if given:
            self.sure.add(visitor_id)
            self._settled.add(visitor_id)
            self._became.setdefault(visitor_id, contact_id)
        elif visitor_id not in self._settled:
            self._guesses[visitor_id].add(contact_id)
        if given or hit.kind in CLICKS:
            self._ties.append((hit.id, visitor_id, contact_id, given))

    def remember(self, hits: Sequence[Arrival]) -> None:
        """Write down the visitors of this batch.

        Another worker may have recognised a browser meanwhile: the row lock makes us wait for it, and `visitors` is then
        as the database has it.
        """
        if ids := [hit.id for hit in hits if hit.visitor_id]:
            self._unsure = ties_sql.hold_visitors(ids) if self.sure else {}
            told = {visitor: pk for visitor in self.newly_known | self.sure if (pk := self.visitors[visitor])}
            seen = sql.see_visitors(ids, told, self.sure)
            further = _went({into for _, _, into in seen if into})
            for visitor_id, contact_id, into in seen:
                self.visitors[visitor_id] = further[into] if into else contact_id

    def tie(self, alive: Mapping[int, int]) -> None:
        """Note what ties the browsers to the contacts that are alive (contact → who they are now)."""
        self._became = {visitor: alive[pk] for visitor, pk in self._became.items() if pk in alive}
        if rows := [(hit, visitor, alive[pk], given) for hit, visitor, pk, given in self._ties if pk in alive]:
            ties_sql.tie(rows)

    def split(self) -> list[int]:
        """Give what browsers did as somebody else, by a link alone, to whoever they turned out to be; whose events moved.

        Called once the events of the batch are stored.
        """
        fresh = [visitor for visitor in self._became if visitor in self._unsure or visitor in self._guesses]
        if not fresh:
            return []
        froms = {visitor: set(self._guesses[visitor]) for visitor in fresh}
        for visitor, contact_id in ties_sql.followed(fresh):
            froms[visitor].add(contact_id)
        for visitor in fresh:
            froms[visitor] |= {pk} if (pk := self._unsure.get(visitor)) else set()
            froms[visitor] -= {self._became[visitor]}
        rows = [(visitor, pk, self._became[visitor]) for visitor in fresh for pk in sorted(froms[visitor])]
        if not rows:
            return []
        ties_sql.split_consents(rows, Kind.CONSENT_ANSWERED, Kind.CONSENT_CHANGED)
        return ties_sql.split_events(rows, FOLLOWED, Purpose.WEB_TRACKING)

    def claim_consents(self) -> None:
        """Note what was answered to a banner in browsers that were nobody's on the contacts they are of now."""
        if self.newly_known:
            sql.claim_consents(sorted(self.newly_known), Kind.CONSENT_ANSWERED)

    def claim(self) -> tuple[list[Stored], set[int]]:
        """Give the earlier anonymous events of who is newly known to their contacts; the events, and these contacts."""
        if not self.newly_known:
            return [], set()
        return sql.claim_events(sorted(self.newly_known), FOLLOWED, Purpose.WEB_TRACKING)


def hold(contact_ids: Collection[int]) -> dict[int, int]:
    """Lock these contacts, in order, and those they were merged into meanwhile: who each is now. Who is gone is left out.

    (A merge that is under way holds both: we wait for it, and what is ours goes to the winner.)
    """
    locked = sql.lock_contacts(contact_ids)
    went = {pk: into or pk for pk, into in locked.items()}
    for _hop in range(MAX_HOPS):
        if not (further := set(went.values()) - locked.keys()):
            break
        locked |= sql.lock_contacts(further)
        went = {pk: locked.get(to) or to for pk, to in went.items() if to in locked}
    return went


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


def _by_email(emails: Iterable[str], by_themselves: Collection[str]) -> tuple[dict[str, int], set[str]]:
    """Contacts by email, made where missing. Sorted, so that two batches wait for each other instead of blocking.

    Who had themselves erased is made again only where the address was given `by_themselves`; the others come second.
    """
    wanted = sorted(set(emails))
    found = sql.contacts_by_email(wanted) if wanted else {}
    unknown = [email for email in wanted if email not in found]
    if missing := tombstones.without_erased(unknown, by_themselves):
        Contact.objects.bulk_create([Contact(email=email) for email in missing], ignore_conflicts=True)
        found |= sql.contacts_by_email(missing)
    return found, {*unknown} - {*missing}
