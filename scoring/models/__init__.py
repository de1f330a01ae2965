"""What it is worth: groups, the marketer's rules and their versions, the ledger, the scores."""

from scoring.models.actions import (
    COUNTING,
    TERMS_OF_RULE,
    CapUnit,
    Match,
    PointAction,
    PointActionVersion,
    Repeat,
    Rule,
    Validity,
)
from scoring.models.backtests import BackTest, BackTestRange
from scoring.models.groups import (
    BEGINNING,
    CALENDAR,
    END,
    NO_PERIOD,
    TERMS,
    CapPeriod,
    OverallScore,
    PointGroup,
    Terms,
    TermsVersion,
)
from scoring.models.leaderboards import Leaderboard
from scoring.models.ledger import Adjustment, ContactScore, Holding, PointEntry, Turn
from scoring.models.publications import Edit, Forecast, Publication, Sweep, SweepContact, SweepRange
from scoring.models.set_aside import SetAside

OF_CONTACTS = frozenset(
    f"scoring.{model.__name__}"
    for model in (PointEntry, Holding, Adjustment, ContactScore, SweepContact, Forecast, SetAside)
)
"""What is about one contact each: a merge moves it or reckons it anew, an erasure takes it."""

__all__ = [
    "BEGINNING",
    "CALENDAR",
    "COUNTING",
    "END",
    "NO_PERIOD",
    "OF_CONTACTS",
    "TERMS",
    "TERMS_OF_RULE",
    "Adjustment",
    "BackTest",
    "BackTestRange",
    "CapPeriod",
    "CapUnit",
    "ContactScore",
    "Edit",
    "Forecast",
    "Holding",
    "Leaderboard",
    "Match",
    "OverallScore",
    "PointAction",
    "PointActionVersion",
    "PointEntry",
    "PointGroup",
    "Publication",
    "Repeat",
    "Rule",
    "SetAside",
    "Sweep",
    "SweepContact",
    "SweepRange",
    "Terms",
    "TermsVersion",
    "Turn",
    "Validity",
]
