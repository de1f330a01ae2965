"""The leaderboards: overall, in one group, and among some of the contacts."""

from __future__ import annotations

from config.load.segments import PLAIN
from scoring.models import Leaderboard, PointGroup


def create(groups: list[PointGroup]) -> None:
    Leaderboard.objects.create(name="Hottest", position=1)
    Leaderboard.objects.create(name="Most engaged", group=groups[0], position=2)
    Leaderboard.objects.create(name="Hottest in France", conditions=PLAIN, position=3)
