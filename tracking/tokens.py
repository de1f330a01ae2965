"""Signed tokens for public addresses: a few integers and 12 bytes of HMAC, so nothing can be forged or counted through."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import struct
from dataclasses import dataclass
from functools import cache

from django.conf import settings

MAC_BYTES = 12
REF_BYTES = 24
ALPHABET = re.compile(r"[A-Za-z0-9_-]+")


class BadToken(ValueError):
    """The token was not made by us."""


@dataclass(frozen=True)
class Ref:
    """What a token in a message says: whose copy of which message, and what in it was touched (0: nothing)."""

    contact_id: int
    subject_id: int
    message_id: int


def sign(purpose: str, *numbers: int) -> str:
    """A URL-safe token of `numbers` (each 0 to 2**63 - 1), good for this `purpose` only."""
    return _sealed(purpose, struct.pack(f"!{len(numbers)}Q", *numbers))


def unsign(purpose: str, token: str) -> tuple[int, ...]:
    """The numbers in a token; raises BadToken for anything but our own signature for this purpose.

    Keys in SECRET_KEY_FALLBACKS still verify, so a rotated key breaks no mail already sent.
    """
    payload = _opened(purpose, token)
    if len(payload) % 8:
        raise BadToken(token[:80])
    return struct.unpack(f"!{len(payload) // 8}Q", payload)


def sign_ref(purpose: str, ref: Ref) -> str:
    return sign(purpose, ref.contact_id, ref.subject_id, ref.message_id)


def unsign_ref(purpose: str, token: str) -> Ref:
    numbers = unsign(purpose, token)
    if len(numbers) != 3:
        raise BadToken(token[:80])
    return Ref(*numbers)


def sign_target(purpose: str, ref: Ref, target: str) -> str:
    """A token that also says where it leads, so that nothing has to be looked up to go there."""
    return _sealed(purpose, struct.pack("!3Q", ref.contact_id, ref.subject_id, ref.message_id) + target.encode())


def unsign_target(purpose: str, token: str) -> tuple[Ref, str]:
    payload = _opened(purpose, token)
    try:
        return Ref(*struct.unpack("!3Q", payload[:REF_BYTES])), payload[REF_BYTES:].decode()
    except (struct.error, UnicodeDecodeError) as error:  # nothing that we sign
        raise BadToken(token[:80]) from error


def _sealed(purpose: str, payload: bytes) -> str:
    return base64.urlsafe_b64encode(payload + _mac(settings.SECRET_KEY, purpose, payload)).rstrip(b"=").decode()


def _opened(purpose: str, token: str) -> bytes:
    """What was sealed for this purpose; BadToken for anything that is not ours."""
    if not ALPHABET.fullmatch(token):  # the decoder would skip what it does not know
        raise BadToken(token[:80])
    try:
        raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except (binascii.Error, ValueError) as error:
        raise BadToken(token[:80]) from error
    payload, mac = raw[:-MAC_BYTES], raw[-MAC_BYTES:]
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    if not any(hmac.compare_digest(_mac(key, purpose, payload), mac) for key in keys):
        raise BadToken(token[:80])
    return payload


@cache
def _keyed(secret: str, purpose: str) -> hmac.HMAC:
    key = hashlib.sha256(f"bareme.tracking.{purpose}\0{secret}".encode()).digest()
    return hmac.new(key, digestmod="sha256")


def _mac(secret: str, purpose: str, payload: bytes) -> bytes:
    mac = _keyed(secret, purpose).copy()  # half the time of starting with the key
    mac.update(payload)
    return mac.digest()[:MAC_BYTES]
