"""The curve of a score as a picture: where its lines, dots, marks and labels are, in units of an SVG's view box."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from math import floor, log10

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from contacts import clock
from contacts.wording import number, signed
from scoring import decay
from scoring.explain.curve import Curve
from scoring.explain.levels import Level
from scoring.explain.lines import TOLD, Line
from scoring.explain.marks import Mark
from scoring.models import PointGroup

MONTH = "N"
LABEL = 14.0  # the height of a label
ROOM = 2.0  # a threshold is shown up to so many times the highest score


@dataclass(frozen=True)
class Frame:
    """The drawing and its margins."""

    width: int = 880
    height: int = 300
    left: int = 48
    right: int = 40
    top: int = 14
    bottom: int = 28
    is_bare: bool = False  # as large as it can be, no round numbers

    @property
    def ends(self) -> int:
        """Where the lines end on the right."""
        return self.width - self.right

    @property
    def base(self) -> int:
        """Where they end below."""
        return self.height - self.bottom


@dataclass(frozen=True)
class Track:
    """One score's line. `key` is its group, None for the overall score."""

    key: int | None
    name: str
    color: str
    path: str


@dataclass(frozen=True)
class Spot:
    x: str
    y: str
    title: str
    is_loss: bool = False


@dataclass(frozen=True)
class Rule:
    """A straight line: of the grid, or a threshold, whose `name` is told beside the picture."""

    at: str
    label: str
    color: str = ""
    is_labelled: bool = True  # there is room for its label
    name: str = ""


@dataclass(frozen=True)
class Drawing:
    frame: Frame
    tracks: Sequence[Track]
    spots: Sequence[Spot]
    firings: Sequence[Spot]
    levels: Sequence[Rule]
    rows: Sequence[Rule]
    columns: Sequence[Rule]
    zero: str
    summary: str  # what it shows, for those who do not see it
    is_exact: bool


def draw(
    curve: Curve,
    groups: Sequence[PointGroup],
    lines: Iterable[Line] = (),
    levels: Iterable[Level] = (),
    marks: Iterable[Mark] = (),
    frame: Frame | None = None,
) -> Drawing:
    """The curve of the overall score and of each group that ever had points, with what happened and what it set off."""
    frame = frame or Frame()
    shown = [group for group in groups if any(dot.values.get(group.pk) for dot in curve.dots)]
    if len(shown) == 1 and all(dot.values.get(shown[0].pk, 0) == dot.values.get(None, 0) for dot in curve.dots):
        shown = []  # it is the overall score again
    keys = {None, *(group.pk for group in shown)}
    values = [float(dot.values.get(key, 0)) for dot in curve.dots for key in keys]
    near = [one for one in levels if one.group_id in keys and float(one.value) <= ROOM * max(10, *values)]
    scale = _Scale(frame, curve, [*values, *(float(one.value) for one in near)])
    colors: Mapping[int | None, str] = {group.pk: group.color for group in shown}
    return Drawing(
        frame=frame,
        tracks=[
            *(Track(group.pk, group.name, group.color, _path(curve, group.pk, scale)) for group in shown),
            Track(None, _("Overall score"), "", _path(curve, None, scale)),
        ],
        spots=list(_spots(curve, lines, scale)),
        firings=[_firing(mark, scale) for mark in marks if mark.group_id in keys and scale.holds(mark.at)],
        levels=list(_levels(near, scale, colors)),
        rows=[Rule(scale.y(value), number(value)) for value in scale.steps],
        columns=list(_columns(curve, scale)),
        zero=scale.y(0),
        summary=_summary(curve),
        is_exact=curve.is_exact,
    )


class _Scale:
    """From moments and scores to places. The scores it holds begin and end at a round number."""

    def __init__(self, frame: Frame, curve: Curve, values: Sequence[float]) -> None:
        self.frame, self.ends = frame, [dot.at for dot in curve.dots]
        low, high = min(0.0, *values), max(1.0, *values)
        step = _step((high - low) / 4)
        first, last = floor(low / step), -floor(-high / step)
        self.steps = [step * number for number in range(first, last + 1)]
        self.low, self.high = (low, high) if frame.is_bare else (self.steps[0], self.steps[-1])

    def holds(self, at: datetime) -> bool:
        return self.ends[0] <= at <= self.ends[-1]

    def x(self, at: datetime) -> str:
        part = (at - self.ends[0]) / (self.ends[-1] - self.ends[0])
        return _place(self.frame.left + part * (self.frame.width - self.frame.left - self.frame.right))

    def y(self, value: Decimal | float) -> str:
        part = (float(value) - self.low) / (self.high - self.low)
        return _place(
            self.frame.height - self.frame.bottom - part * (self.frame.height - self.frame.top - self.frame.bottom)
        )


def _step(about: float) -> float:
    """The next larger of 1, 2, 5, 10, 20 …"""
    power = 10.0 ** floor(log10(about))
    return float(next(power * digit for digit in (1, 2, 5, 10) if power * digit >= about * 0.999))


def _place(value: float) -> str:
    return f"{value:.1f}"


def _path(curve: Curve, key: int | None, scale: _Scale) -> str:
    """Level until a day's end, then up or down to what it showed; days that go on as before need no corner."""
    points = [(scale.x(dot.at), scale.y(dot.values.get(key, Decimal()))) for dot in curve.dots]
    drawn = [f"M{points[0][0]} {points[0][1]}"]
    for (_x, before), (x, y) in pairwise(points):
        if y != before:
            drawn.append(f"H{x}V{y}")
    return "".join([*drawn, f"H{points[-1][0]}"])


def _spots(curve: Curve, lines: Iterable[Line], scale: _Scale) -> Iterator[Spot]:
    """A dot for each day on which something happened, at what the overall score showed then."""
    days: dict[date, list[Line]] = {}
    for line in lines:
        if line.is_reason and line.first_at and scale.holds(line.first_at):
            days.setdefault(decay.day_of(line.first_at), []).append(line)
    ends = [decay.day_of(dot.at) for dot in curve.dots]
    for day, found in sorted(days.items()):
        dot = curve.dots[bisect_left(ends, day)]
        value = dot.values.get(None, Decimal())
        told = [" · ".join(filter(None, [signed(line.earned), line.name, line.about])) for line in found[:TOLD]]
        if more := len(found) - len(told):
            told.append(ngettext("and %(count)d more", "and %(count)d more", more) % {"count": more})
        title = "\n".join([f"{date_format(day, 'DATE_FORMAT')} → {number(value)}", *told])
        yield Spot(scale.x(dot.at), scale.y(value), title, sum(line.earned for line in found) < 0)


def _firing(mark: Mark, scale: _Scale) -> Spot:
    title = f"{date_format(timezone.localtime(mark.at), 'DATETIME_FORMAT')}\n{mark.name}"
    return Spot(scale.x(mark.at), scale.y(max(scale.low, min(scale.high, float(mark.value)))), title)


def _levels(levels: Iterable[Level], scale: _Scale, colors: Mapping[int | None, str]) -> Iterator[Rule]:
    """From the highest down; those at one height share a line."""
    heights: dict[str, list[Level]] = {}
    for level in sorted(levels, key=lambda one: -one.value):
        heights.setdefault(scale.y(level.value), []).append(level)
    last = -LABEL
    for at, found in heights.items():
        values = dict.fromkeys(number(level.value) for level in found)
        names = dict.fromkeys(level.name for level in found)
        has_room = float(at) - last >= LABEL
        last = float(at) if has_room else last
        yield Rule(at, ", ".join(values), colors.get(found[0].group_id, ""), has_room, ", ".join(names))


def _columns(curve: Curve, scale: _Scale) -> Iterator[Rule]:
    """Months where there are several, else days."""
    first, last = decay.day_of(curve.dots[0].at), decay.day_of(curve.dots[-1].at)
    length = (last - first).days
    days = [first + timedelta(days=number) for number in range(1, length + 1)]
    if length > 100:
        begins = [day for day in days if day.day == 1]
        every, form = -(-len(begins) // 12), MONTH
    else:
        begins, every, form = days, max(1, -(-length // 8)), "MONTH_DAY_FORMAT"
    for day in begins[::every]:
        moment = clock.midnight(day)
        if scale.holds(moment):
            label = date_format(day, form)
            yield Rule(scale.x(moment), f"{label} {day.year}" if form == MONTH and day.month == 1 else label)


def _summary(curve: Curve) -> str:
    first, last = curve.dots[0], curve.dots[-1]
    values = [dot.values.get(None, Decimal()) for dot in curve.dots]
    told = {
        "day": date_format(decay.day_of(first.at), "DATE_FORMAT"),
        "first": number(values[0]),
        "last": number(values[-1]),
        "low": number(min(values)),
        "high": number(max(values)),
        "until": date_format(decay.day_of(last.at), "DATE_FORMAT"),
    }
    sentence = _("Overall score from %(day)s (%(first)s) to %(until)s (%(last)s), between %(low)s and %(high)s.")
    return sentence % told
