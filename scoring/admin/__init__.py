"""Scoring in the admin."""

from scoring.admin import actions, forms, groups, leaderboards, ledger

__all__ = ["actions", "forms", "groups", "leaderboards", "ledger"]
