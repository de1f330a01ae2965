"""Scoring in the admin."""

from scoring.admin import actions, backtests, contact_scores, forms, groups, leaderboards, ledger, set_aside

__all__ = ["actions", "backtests", "contact_scores", "forms", "groups", "leaderboards", "ledger", "set_aside"]
