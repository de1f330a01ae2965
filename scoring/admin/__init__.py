"""Scoring in the admin."""

from scoring.admin import actions, backtests, forms, groups, leaderboards, ledger

__all__ = ["actions", "backtests", "forms", "groups", "leaderboards", "ledger"]
