"""Scoring in the admin."""

from scoring.admin import actions, backtests, contact_scores, forms, groups, leaderboards, ledger

__all__ = ["actions", "backtests", "contact_scores", "forms", "groups", "leaderboards", "ledger"]
