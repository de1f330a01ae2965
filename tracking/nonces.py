"""What a form carries so that a post proves where it came from, when the form was drawn, and which press of the button it is."""

from __future__ import annotations

import hashlib
import secrets
import time
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from tracking import tokens
from tracking.models import Asset, Form

FORM = "form"  # in every plain HTML embed already copied: never change it
NONCE = "form-nonce"
SENT = "form-sent"
GRANT = "asset-grant"

NONCE_SECONDS = 24 * 3600
SENT_SECONDS = 3600
GRANT_SECONDS = 3600
WORK_BITS = 12  # some 4,000 hashes: a fifth of a second for a phone, while the visitor is still typing
SUBMISSIONS = uuid.UUID("c2f4b8ae-6d0b-4f7e-9b8a-1f6f4d0c3a77")
LOW = 2**64 - 1


class Expired(ValueError):
    """It was ours, but is too old."""


@dataclass(frozen=True)
class Sent:
    """What the thank-you page needs to know of a submission."""

    visitor_id: uuid.UUID
    confirms: bool = False  # by a mail that they are sent


def form_token(form: Form) -> str:
    return tokens.sign(FORM, form.pk)


def is_form_token(form: Form, token: str) -> bool:
    try:
        return tokens.unsign(FORM, token) == (form.pk,)
    except tokens.BadToken:
        return False


def nonce(form: Form, left_out: Iterable[int] = ()) -> str:
    """One for each time the form is drawn. It remembers which of its fields (by id) were left out that time."""
    return tokens.sign(NONCE, form.pk, int(time.time() * 1000), secrets.randbits(63), *sorted(left_out))


def age(form: Form, nonce: str) -> float:
    """How many seconds ago the form was drawn. Raises BadToken for a forged nonce, Expired for an old one."""
    numbers = tokens.unsign(NONCE, nonce)
    if len(numbers) < 3 or numbers[0] != form.pk:
        raise tokens.BadToken(nonce[:80])
    seconds = time.time() - numbers[1] / 1000
    if seconds > NONCE_SECONDS:
        raise Expired
    return seconds


def left_out(form: Form, nonce: str) -> frozenset[int]:
    """The ids of the fields that were left out when the form was drawn; none for a nonce that is not ours."""
    try:
        numbers = tokens.unsign(NONCE, nonce)
    except tokens.BadToken:
        return frozenset()
    return frozenset(numbers[3:]) if numbers[:1] == (form.pk,) else frozenset()


def submission_key(origin: str, answers: Mapping[str, Any]) -> uuid.UUID:
    """The key of a submission: the same press twice is one, the same page sent again with other answers is another."""
    return uuid.uuid5(SUBMISSIONS, origin + orjson.dumps(answers, option=orjson.OPT_SORT_KEYS).decode())


def is_worked(nonce: str, work: str) -> bool:
    """Did the browser find a number that, written after the nonce, makes a hash that begins with WORK_BITS zeros?"""
    if not work.isascii() or not work.isdigit() or len(work) > 12:
        return False
    digest = hashlib.sha256(f"{nonce}:{work}".encode()).digest()
    return int.from_bytes(digest[:4]) >> (32 - WORK_BITS) == 0


def sent(form: Form, sent: Sent) -> str:
    return tokens.sign(SENT, form.pk, int(time.time()), *_halves(sent.visitor_id), *([1] if sent.confirms else []))


def read_sent(form: Form, token: str) -> Sent | None:
    """What `sent()` wrote for this form; None for a forged or an old one."""
    numbers = _numbers(SENT, token, form.pk, SENT_SECONDS)
    return Sent(_whole(numbers), confirms=len(numbers) > 4) if numbers else None


def grant(asset: Asset, visitor_id: uuid.UUID) -> str:
    """The right to download a gated asset, for an hour, by the browser whose submission earned it."""
    return tokens.sign(GRANT, asset.pk, int(time.time()), *_halves(visitor_id))


def read_grant(asset: Asset, token: str) -> uuid.UUID | None:
    numbers = _numbers(GRANT, token, asset.pk, GRANT_SECONDS)
    return _whole(numbers) if numbers else None


def _numbers(purpose: str, token: str, pk: int, seconds: int) -> Sequence[int]:
    """What the token says; nothing if it is forged, old, or about something else."""
    try:
        numbers = tokens.unsign(purpose, token)
    except tokens.BadToken:
        return ()
    return numbers if len(numbers) >= 4 and numbers[0] == pk and time.time() - numbers[1] <= seconds else ()


def _whole(numbers: Sequence[int]) -> uuid.UUID:
    return uuid.UUID(int=numbers[2] << 64 | numbers[3])


def _halves(value: uuid.UUID) -> tuple[int, int]:
    return value.int >> 64, value.int & LOW
