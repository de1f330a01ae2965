"""Outcomes: what back-tests can look for. A new one is a file here and an import line below."""

from scoring.outcomes import events, own_data  # noqa: F401
from scoring.outcomes.base import Outcome, UnknownName, outcomes

__all__ = ["Outcome", "UnknownName", "outcomes"]
