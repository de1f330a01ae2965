"""A slow, obviously correct scorer, written apart from the engine: one event at a time, in plain Python."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Europe/Paris")
NEVER = date(1, 1, 1)


@dataclass(frozen=True)
class Version:
    action: str
    number: int
    points: int
    repeat: str
    kind: int
    only: frozenset  # subjects; empty: any
    since: datetime
    until: datetime | None = None

    def counts(self, kind, subject, at):
        in_force = self.since <= at and (self.until is None or at < self.until)
        return in_force and kind == self.kind and (not self.only or subject in self.only)

    def occurrence(self, subject, at):
        day = at.astimezone(ZONE).date()
        return {
            "once": (0, NEVER),
            "object": (subject, NEVER),
            "day": (0, day),
            "week": (0, day - timedelta(days=day.weekday())),
            "month": (0, day.replace(day=1)),
            "always": (subject, day),
        }[self.repeat]


def ledger(events, versions):
    """{(contact, action, version, object, period): (hits, credited)} of events (key, contact, kind, subject, at)."""
    hits = Counter()
    for contact, kind, subject, at in {event[0]: event[1:] for event in events}.values():
        for version in versions:
            if version.counts(kind, subject, at):
                hits[contact, version.action, version.number, *version.occurrence(subject, at)] += 1
    repeat = {(version.action, version.number): version.repeat for version in versions}
    paid, lines = Counter(), {}
    for key in sorted(hits, key=lambda key: key[2]):  # the earlier version is credited first
        contact, action, number, about, period = key
        free = hits[key] if repeat[action, number] == "always" else max(0, 1 - paid[contact, action, about, period])
        lines[key] = (hits[key], min(hits[key], free))
        paid[contact, action, about, period] += hits[key]
    return lines


def scores(lines, versions, groups):
    """{(contact, group): points}; `groups` maps an action to its group."""
    points = {(version.action, version.number): version.points for version in versions}
    total = Counter()
    for (contact, action, number, _, _), (_, credited) in lines.items():
        total[contact, groups[action]] += credited * points[action, number]
    return dict(total)
