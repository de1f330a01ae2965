"""API keys: shown once, kept as a hash."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from tracking.models import ApiKey

PREFIX = "bm_"
SHOWN = 10  # characters of a key that stay readable, to tell keys apart
NOTED_EVERY = timedelta(minutes=1)


def issue(key: ApiKey) -> str:
    """Give this (new or old) row a fresh secret and save it; the return value is the only copy there will be."""
    secret = PREFIX + secrets.token_urlsafe(32)
    key.prefix = secret[:SHOWN]
    key.digest = digest(secret)
    key.save()
    return secret


def find(authorization: str) -> ApiKey | None:
    """The active key of an `Authorization: Bearer …` header."""
    scheme, _, secret = authorization.partition(" ")
    if scheme.lower() != "bearer" or not secret:
        return None
    return ApiKey.objects.filter(digest=digest(secret.strip()), is_active=True).first()


def note_use(key: ApiKey) -> None:
    """Remember that the key is in use, at most once a minute."""
    now = timezone.now()
    rows = ApiKey.objects.filter(Q(last_used_at__isnull=True) | Q(last_used_at__lt=now - NOTED_EVERY), pk=key.pk)
    if key.last_used_at is None or key.last_used_at < now - NOTED_EVERY:
        rows.update(last_used_at=now)


def digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
