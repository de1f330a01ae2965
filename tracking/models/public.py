"""Ids for what anybody may ask for."""

from __future__ import annotations

import secrets


def public_id() -> str:
    """A short random id for public addresses: not guessable, not countable."""
    return secrets.token_urlsafe(9)
