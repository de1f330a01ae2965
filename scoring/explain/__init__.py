"""Why this score: what it is made of line by line, what almost counted, and what becomes of it if nothing happens."""

from scoring.explain.almost import AlmostCounted, Missed, Reason, Refusal, almost
from scoring.explain.levels import Level, LevelSource, level_sources, levels
from scoring.explain.lines import Line, LineKind
from scoring.explain.notes import Note
from scoring.explain.outlook import Crossing, Outlook, outlook
from scoring.explain.statements import GroupStatement, Statement, explain

__all__ = [
    "AlmostCounted",
    "Crossing",
    "GroupStatement",
    "Level",
    "LevelSource",
    "Line",
    "LineKind",
    "Missed",
    "Note",
    "Outlook",
    "Reason",
    "Refusal",
    "Statement",
    "almost",
    "explain",
    "level_sources",
    "levels",
    "outlook",
]
