"""The point actions and their groups: type-wide, by address, on single objects; under every repeat policy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count, islice
from typing import Any

from config.load.plan import Plan
from config.load.subjects import SITE, Subjects, address
from scoring import rules
from scoring.models import PointAction, PointGroup, Repeat

GROUPS = (("Engagement", 1), ("Interest", 1), ("Product", 0.5), ("Support", 0.25))
OPEN, CLICK, VISIT, SUBMIT, DOWNLOAD = (
    *("email_opened", "email_clicked", "page_visited", "form_submitted", "asset_downloaded"),
)
ONCE, OBJECT, DAY, WEEK, MONTH, ALWAYS = (
    *(Repeat.ONCE, Repeat.ONCE_PER_OBJECT, Repeat.DAILY, Repeat.WEEKLY, Repeat.MONTHLY, Repeat.ALWAYS),
)


@dataclass(frozen=True)
class Rule:
    source: str
    points: int
    repeat: str
    params: dict[str, Any] = field(default_factory=dict)
    active_from: datetime | None = None


def groups() -> list[PointGroup]:
    return [
        PointGroup.objects.create(name=name, weight=weight, position=position)
        for position, (name, weight) in enumerate(GROUPS)
    ]


def create(plan: Plan, subjects: Subjects, groups: list[PointGroup]) -> None:
    """Publish `plan.actions` of them for the whole history, spread over the groups."""
    for number, rule in enumerate(islice(_rules(plan, subjects), plan.actions)):
        action = PointAction.objects.create(
            name=f"Rule {number + 1}: {rule.source}",
            group=groups[number % len(groups)],
            source=rule.source,
            params=rule.params,
            points=rule.points,
            repeat=rule.repeat,
            active_from=rule.active_from,
        )
        rules.publish(action, since=plan.start)


def _rules(plan: Plan, subjects: Subjects) -> Iterator[Rule]:
    """The same for every size: 17 wide ones, then as many on single objects as asked for."""
    for source, points, repeat in (
        *((OPEN, 1, DAY), (OPEN, 2, ONCE), (CLICK, 3, DAY), (CLICK, 5, ONCE), (VISIT, 1, DAY), (VISIT, 2, ONCE)),
        *((SUBMIT, 20, ALWAYS), (SUBMIT, 10, ONCE), (DOWNLOAD, 10, DAY), (DOWNLOAD, 5, OBJECT)),
    ):
        yield Rule(source, points, repeat)
    for section, points, repeat in (
        *(("pricing", 5, DAY), ("docs", 2, WEEK), ("careers", -10, MONTH), ("product", 3, WEEK), ("blog", 1, OBJECT)),
    ):
        yield Rule(VISIT, points, repeat, _under(section))
    yield Rule(VISIT, 10, ONCE, _under("pricing"), plan.ago(30))
    yield Rule(OPEN, 1, ALWAYS, active_from=plan.ago(90))
    for number in range(12):
        yield Rule(OPEN, 2 + number % 3, ONCE, {"only": [subjects.emails[number]]})
    for number in range(9):
        yield Rule(CLICK, 4, ALWAYS, {"only": [subjects.emails[number * 3]]})
    for number in range(4):
        yield Rule(SUBMIT, 15, ONCE, {"only": [subjects.forms[number]]})
        yield Rule(DOWNLOAD, 8, ONCE, {"only": [subjects.assets[number]]})
        yield Rule(VISIT, 6, ONCE, {"addresses": [address(number * 11)]})
    for number in count(12):
        yield Rule(OPEN, 2, MONTH, {"only": [subjects.emails[number % len(subjects.emails)]]})


def _under(section: str) -> dict[str, Any]:
    return {"addresses": [f"{SITE}/{section}/*"]}
