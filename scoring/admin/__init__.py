"""Scoring in the admin."""

from scoring.admin import actions, groups, leaderboards, ledger

__all__ = ["actions", "groups", "leaderboards", "ledger"]
