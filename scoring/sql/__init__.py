"""Scoring's hand-written statements: one function each, values always bound."""

from scoring.sql.doctor import Earned, earned, effects, matched_by_events, matched_by_profiles
from scoring.sql.fading import crossed_in_group, crossed_overall, rebase
from scoring.sql.fragments import Shape
from scoring.sql.ledger import (
    apply_adjustments,
    award,
    contacts_of,
    expire,
    expiring,
    hold,
    recap,
    span,
    take_adjustments,
)
from scoring.sql.lines import shape
from scoring.sql.proof import differences, drop_wrong_profile_lines, profile_lines, revalue
from scoring.sql.ranking import Lists, Seen, Tops, thresholds, tops
from scoring.sql.replay import replay, reprice, unfaithful
from scoring.sql.rules import (
    END_OF_IDS,
    any_matched,
    cut,
    insert_matches,
    list_concerned,
    list_marked,
    mark_wide,
    note_validity,
    own_rules,
    set_validity,
    share_rules,
)
from scoring.sql.scores import behind, lock_scores, mark_swept, note_told, refresh, values
from scoring.sql.valuation import evaluated_lines, evaluated_scores, forecast

__all__ = [
    "END_OF_IDS",
    "Earned",
    "Lists",
    "Seen",
    "Shape",
    "Tops",
    "any_matched",
    "apply_adjustments",
    "award",
    "behind",
    "contacts_of",
    "crossed_in_group",
    "crossed_overall",
    "cut",
    "differences",
    "drop_wrong_profile_lines",
    "earned",
    "effects",
    "evaluated_lines",
    "evaluated_scores",
    "expire",
    "expiring",
    "forecast",
    "hold",
    "insert_matches",
    "list_concerned",
    "list_marked",
    "lock_scores",
    "mark_swept",
    "mark_wide",
    "matched_by_events",
    "matched_by_profiles",
    "note_told",
    "note_validity",
    "own_rules",
    "profile_lines",
    "rebase",
    "recap",
    "refresh",
    "replay",
    "reprice",
    "revalue",
    "set_validity",
    "shape",
    "share_rules",
    "span",
    "take_adjustments",
    "thresholds",
    "tops",
    "unfaithful",
    "values",
]
