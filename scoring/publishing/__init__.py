"""Drafts, their preview, their publication, and taking one back."""

from scoring.publishing import actions, groups
from scoring.publishing.types import publishables

__all__ = ["actions", "groups", "publishables"]
