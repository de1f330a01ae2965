"""A slow, obviously correct scorer, written apart from the engine: one event, one line at a time, in plain Python."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, localcontext
from operator import attrgetter
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Europe/Paris")
NEVER = date(1, 1, 1)


def day_of(at):
    return at.astimezone(ZONE).date()


def start(period, day):
    """The first day of the day, week or month this day is in; "ever" is one stretch without a beginning."""
    return {
        "day": day,
        "week": day - timedelta(days=day.weekday()),
        "month": day.replace(day=1),
        "ever": NEVER,
    }[period]


@dataclass(frozen=True)
class Cap:
    """At most `amount` times or points per day, week, month or ever, for each object or for all together."""

    amount: int
    unit: str
    per: str
    each: bool


@dataclass(frozen=True)
class Version:
    action: str
    number: int
    points: int
    repeat: str
    kind: int | None  # None: a profile rule
    only: frozenset  # subjects; empty: any
    since: datetime
    until: datetime | None = None
    group: str = ""
    worth: int | None = None  # where a later version re-priced it
    cap: Cap | None = None
    expires: int | None = None  # days
    window: tuple = (None, None)

    @property
    def each(self):
        return self.points if self.worth is None else self.worth

    def counts(self, kind, subject, at):
        first, last = self.window
        in_force = self.since <= at and (self.until is None or at < self.until)
        in_window = (first is None or first <= at) and (last is None or at < last)
        return in_force and in_window and kind == self.kind and (not self.only or subject in self.only)

    def occurrence(self, subject, day):
        """What one credit is for: an object, or 0 where none matters; and a stretch of time."""
        about = subject if self.repeat in ("object", "always") else 0
        period = {"once": "ever", "object": "ever", "always": "day"}.get(self.repeat, self.repeat)
        return about, start(period, day)

    @property
    def times(self):
        """How often one occurrence pays; None: without limit."""
        if self.repeat != "always":
            return 1
        cap = self.cap
        return cap.amount if cap and cap.unit == "times" and cap.per == "day" and cap.each else None


@dataclass(frozen=True)
class Group:
    id: str
    weight: Decimal = Decimal(1)
    half_life: int | None = None
    floor: int | None = None
    ceiling: int | None = None
    cap: int | None = None
    per: str = "month"


@dataclass
class Line:
    contact: str
    version: Version
    about: int
    period: date
    first: datetime
    last: datetime
    hits: int = 0
    credited: int = 0
    cut: int = 0

    @property
    def key(self):
        return self.contact, self.version.action, self.version.number, self.about, self.period

    @property
    def day(self):
        return day_of(self.first)

    @property
    def earned(self):
        return self.credited * self.version.each

    @property
    def expires_on(self):
        days = self.version.expires
        return None if days is None else self.day + timedelta(days=days)

    def is_expired(self, today):
        return self.expires_on is not None and self.expires_on <= today

    def points(self, today):
        return 0 if self.is_expired(today) else self.earned - self.cut


def lines(events, versions, groups=()):
    """The lines of events (key, contact, kind, subject, at): who did nothing a rule counts has none."""
    made = _counted(events, versions)
    _credit_occurrences(made)
    _keep_to_caps(made)
    _cut(made, {group.id: group for group in groups})
    return sorted(made, key=attrgetter("key"))


def ledger(events, versions):
    """{(contact, action, version, object, period): (hits, credited)}."""
    return {line.key: (line.hits, line.credited) for line in lines(events, versions)}


def _counted(events, versions):
    found = {}
    for contact, kind, subject, at in {event[0]: event[1:] for event in events}.values():
        for version in versions:
            if contact is not None and version.counts(kind, subject, at):
                key = (contact, version.action, version.number, *version.occurrence(subject, day_of(at)))
                line = found.setdefault(key, Line(contact, version, *key[3:], at, at))
                line.hits += 1
                line.first, line.last = min(line.first, at), max(line.last, at)
    return list(found.values())


def _of_action(made):
    together = defaultdict(list)
    for line in made:
        together[line.contact, line.version.action].append(line)
    return together.values()


def _credit_occurrences(made):
    """An occurrence pays `times` in all, whichever version counted it: the earlier version's hits come first."""
    for siblings in _of_action(made):
        for line in sorted(siblings, key=lambda line: line.version.number):
            times = line.version.times
            before = [other for other in siblings if other.version.number < line.version.number]
            if times is None:
                line.credited = line.hits
                continue
            same = [other for other in before if (other.about, other.period) == (line.about, line.period)]
            line.credited = max(0, min(line.hits, times - sum(other.hits for other in same)))
        _give_way(siblings)


def _give_way(siblings):
    """After a change of policy: an occurrence in which a line of an earlier version was credited does not pay again."""
    taken = [
        line
        for line in siblings
        if line.version.repeat != "always"
        and any(
            other.version.number < line.version.number
            and other.version.repeat != line.version.repeat
            and other.credited > 0
            and line.version.occurrence(other.about, other.day) == (line.about, line.period)
            for other in siblings
        )
    ]
    for line in taken:
        line.credited = 0


def _keep_to_caps(made):
    """A cap is used up by the lines that come first; each is told what all those before it would use."""
    for siblings in _of_action(made):
        in_order = sorted(siblings, key=lambda line: (line.first, line.about, line.period, line.version.number))
        wanted = [line.credited for line in in_order]
        for number, line in enumerate(in_order):
            cap = line.version.cap
            if cap is None or (line.version.repeat == "always" and line.version.times is not None):
                continue  # none, or one that each occurrence has for itself
            spent = sum(
                wanted[n] * (abs(other.version.each) if cap.unit == "points" else 1)
                for n, other in enumerate(in_order[:number])
                if start(cap.per, other.day) == start(cap.per, line.day) and (not cap.each or other.about == line.about)
            )
            price = abs(line.version.each) if cap.unit == "points" else 1
            line.credited = max(0, min(line.credited, (cap.amount - spent) // price))


def _cut(made, groups):
    """Points that events bring to a group beyond its cap are cut, from the latest lines."""
    spent = defaultdict(int)
    in_order = attrgetter("first", "version.action", "about", "period", "version.number")
    for line in sorted(made, key=in_order):
        group = groups.get(line.version.group)
        if group is None or group.cap is None or line.earned <= 0:
            continue
        window = line.contact, group.id, start(group.per, line.day)
        free = max(0, group.cap - spent[window])
        line.cut = max(0, line.earned - free)
        spent[window] += line.earned


# --- what lines are worth on a day ------------------------------------------------------------------------------------


def points_of(made, today):
    """[(contact, group, day, points)] of lines: what fades."""
    return [(line.contact, line.version.group, line.day, line.points(today)) for line in made]


def scores(points, groups, today, floor=None, ceiling=None):
    """{(contact, group or None): score} of [(contact, group, day, points)] on a day; who has nothing is left out."""
    by_id, sums = {group.id: group for group in groups}, defaultdict(Decimal)
    with localcontext() as context:
        context.prec = 60
        for contact, group, day, worth in points:
            half_life = by_id[group].half_life
            faded = Decimal(2) ** (-Decimal((today - day).days) / half_life) if half_life else 1
            sums[contact, group] += worth * faded
        shown = {key: bounded(cents(value), by_id[key[1]]) for key, value in sums.items()}
        overall = defaultdict(Decimal)
        for (contact, group), value in shown.items():
            overall[contact] += by_id[group].weight * value
    bounds = Group("", floor=floor, ceiling=ceiling)
    return shown | {(contact, None): bounded(cents(value), bounds) for contact, value in overall.items()}


def cents(value):
    """To the cent, half up; what is within a billionth of a half was meant to be one."""
    return value.quantize(Decimal("1e-9"), ROUND_HALF_UP).quantize(Decimal("0.01"), ROUND_HALF_UP)


def bounded(value, group):
    value = value if group.ceiling is None else min(value, group.ceiling)
    return value if group.floor is None else max(value, group.floor)
