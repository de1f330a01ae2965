"""Answers about consent: as browsers keep them, as banners and the API tell them, and as they become consents of contacts.

A yes comes with the browser's id, and is its contact's as soon as there is one. The no of a browser that nobody knows is told to
nobody: it waits in a cookie, and comes along with a form in which the person says who they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from contacts import consent, consent_texts
from contacts.consent import shortened
from contacts.models import Channel, Consent, DoNotContact, Purpose
from contacts.remarks import Remark
from tracking.consents import Said
from tracking.models import Hit, Kind

COOKIE = "bareme_consent"  # bareme.js keeps it on the marketer's site, we on our own pages
SECONDS = 182 * 24 * 3600
GRANTED, DENIED = "granted", "denied"
KEPT = re.compile(r"(granted|denied)(?:\.([0-9]{9,11})(?:\.([a-z]{2,3}(?:-[a-z]{2,8})?)\.([0-9]{1,6}))?)?")
SAME = timedelta(minutes=2)  # an answer of that time is the same answer, told by another clock
ANY = [*Purpose.values, *Channel.values]  # what the API may tell the answer to
MAX_TEXT = 2_000


@dataclass(frozen=True)
class Answer:
    """What a cookie says: the answer, and when it was given to which version of the text, where that is known."""

    granted: bool
    at: datetime | None = None
    language: str = ""
    version: int | None = None


def answer(request: HttpRequest) -> str:
    """What this browser has answered here: "granted", "denied" or, not yet, ""."""
    found = KEPT.fullmatch(request.COOKIES.get(COOKIE) or "")
    return found[1] if found else ""


def read(value: Any) -> Answer | None:
    """The answer a cookie of ours keeps; None for anything else."""
    if not isinstance(value, str) or not (found := KEPT.fullmatch(value)):
        return None
    at = datetime.fromtimestamp(int(found[2]), UTC) if found[2] else None
    version = int(found[4]) if found[4] else None
    return Answer(granted=found[1] == GRANTED, at=at, language=found[3] or "", version=version)


def kept(granted: bool, language: str, version: int) -> str:
    """What the cookie says of an answer given now."""
    return f"{GRANTED if granted else DENIED}.{int(timezone.now().timestamp())}.{language}.{version}"


def data(granted: bool, page: str, text: str = "", purpose: str = Purpose.WEB_TRACKING) -> dict[str, Any]:
    """What a hit says of an answer that was given on this page."""
    return {"purpose": str(purpose), "granted": granted, "text": text[:MAX_TEXT], "source": source(page).stored}


def source(page: str) -> Remark:
    """Where it was answered."""
    try:
        site = urlsplit(page).hostname or ""
    except ValueError:
        site = ""
    return Remark(_("Banner on %(site)s"), site=site) if site else Remark(_("Consent banner"))


def told(value: Any, page: str) -> dict[str, Any] | None:
    """What a form's hit says of a no that was given in this browser before; None where there was none."""
    given = read(value)
    if given is None or given.granted or given.at is None:
        return None
    now = timezone.now()
    at = min(max(given.at, now - timedelta(seconds=SECONDS)), now)
    return {"at": at.isoformat(), "language": given.language, "version": given.version, "source": source(page).stored}


def said(hits: Iterable[Hit]) -> Iterator[Said]:
    """The answers of this batch, as long as it is not known yet whose they are."""
    for hit in hits:
        if answered := _consent(hit, contact_id=0):
            yield Said(hit.pk, answered.purpose, answered.granted, answered.given_at)
        elif hit.kind == Kind.FORM_SUBMITTED and (no := hit.data.get("banner")):
            yield Said(hit.pk, Purpose.WEB_TRACKING, granted=False, at=datetime.fromisoformat(no["at"]))


def keep(hits: Iterable[Hit], contacts: Mapping[int, int | None]) -> None:
    """Note the answers of this batch on the contacts they are of (hit id → contact id). The caller holds the contacts."""
    rows = [row for hit in hits if (contact_id := contacts[hit.pk]) and (row := _consent(hit, contact_id))]
    rows = [*rows, *_new(_told(hits, contacts))]
    versions = consent_texts.versions_of((row.purpose, row.text) for row in rows) if rows else {}
    for row in rows:
        row.shown = versions.get((row.purpose, row.text))
    Consent.objects.bulk_create(rows)
    _block(row for row in rows if row.purpose in Channel.values and not row.granted)


def _consent(hit: Hit, contact_id: int) -> Consent | None:
    data = hit.data
    known = ANY if data.get("trusted") else Purpose.values
    if hit.kind != Kind.CONSENT_ANSWERED or data.get("purpose") not in known:
        return None
    return Consent(
        contact_id=contact_id,
        purpose=data["purpose"],
        granted=data.get("granted") is True,
        text=str(data.get("text") or ""),
        source=str(data.get("source") or ""),
        ip=shortened(hit.ip),
        given_at=hit.at,
    )


def _block(refusals: Iterable[Consent]) -> None:
    """Write no more by the channels that were refused, unless that was answered otherwise later."""
    for row in refusals:
        later = Consent.objects.filter(contact=row.contact_id, purpose=row.purpose, given_at__gt=row.given_at)
        if not later.exists():
            consent.block(row.contact_id, row.purpose, DoNotContact.Reason.UNSUBSCRIBED)


def _told(hits: Iterable[Hit], contacts: Mapping[int, int | None]) -> Sequence[Consent]:
    found = [(hit, contacts[hit.pk], hit.data.get("banner")) for hit in hits if hit.kind == Kind.FORM_SUBMITTED]
    return [
        Consent(
            contact_id=contact_id,
            purpose=Purpose.WEB_TRACKING,
            granted=False,
            text=consent_texts.said(Purpose.WEB_TRACKING, said["language"], said["version"]),
            source=said["source"],
            ip=shortened(hit.ip),
            given_at=datetime.fromisoformat(said["at"]),
        )
        for hit, contact_id, said in found
        if contact_id and said
    ]


def _new(rows: Sequence[Consent]) -> list[Consent]:
    """Those that were not told before, and that nothing was answered after."""
    if not rows:
        return []
    ids = {row.contact_id for row in rows}
    answered = Consent.objects.filter(contact__in=ids, purpose=Purpose.WEB_TRACKING).order_by("contact_id", "-given_at")
    last = dict(answered.distinct("contact_id").values_list("contact_id", "given_at"))
    fresh = []
    for row in sorted(rows, key=lambda row: row.given_at):
        before = last.get(row.contact_id)
        if before is None or row.given_at > before + SAME:
            fresh.append(row)
            last[row.contact_id] = row.given_at
    return fresh
