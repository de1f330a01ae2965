"""The rules that a letter mentions, in the words the person it is for is told them in, and why they did not count something."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from contacts.wording import labelled
from scoring import wording
from scoring.explain import notes
from scoring.explain.almost import AlmostCounted, Missed, Reason
from scoring.explain.statements import GroupStatement
from scoring.models import Adjustment, PointActionVersion, Repeat

LONG = 40  # letters beside what a rule is about
OFTEN = {
    Repeat.ONCE: gettext_lazy("it counts once"),
    Repeat.ONCE_PER_OBJECT: gettext_lazy("each counts once"),
    Repeat.DAILY: gettext_lazy("it counts once a day"),
    Repeat.WEEKLY: gettext_lazy("it counts once a week"),
    Repeat.MONTHLY: gettext_lazy("it counts once a month"),
}
PLAIN = {
    Reason.GROUP_CAP: gettext_lazy("this part of the score takes no more"),
    Reason.CONSENT: gettext_lazy("you do not allow it to be counted"),
    Reason.BEFORE: gettext_lazy("it did not count at that time"),
    Reason.AFTER: gettext_lazy("it did not count at that time"),
    Reason.WINDOW: gettext_lazy("it did not count at that time"),
}
GIVEN = {
    Adjustment.Origin.MANUAL: gettext_lazy("Points given or taken by our team"),
    Adjustment.Origin.CAMPAIGN: gettext_lazy("Points given or taken along one of our campaigns"),
    Adjustment.Origin.IMPORT: gettext_lazy("Points taken over from our earlier records"),
    Adjustment.Origin.API: gettext_lazy("Points given or taken by one of our systems"),
}


def given(origin: str) -> str:
    """Points outside the rules, by where they came from."""
    return str(GIVEN.get(Adjustment.Origin(origin), GIVEN[Adjustment.Origin.MANUAL]))


class Rules:
    """Their versions in one query, and the names they mention in one for each kind."""

    def __init__(self, statements: Iterable[GroupStatement], almost: AlmostCounted) -> None:
        counted = ((line.action_id, line.version) for part in statements for line in part.lines)
        missed = ((one.action_id, one.version) for one in almost.missed)
        newest: dict[int, int] = {}
        for action_id, number in (*counted, *missed):
            if action_id and number:
                newest[action_id] = max(number, newest.get(action_id, 0))
        known = list(PointActionVersion.objects.filter(action__in=newest))
        self._versions = {(one.action_id, one.number): one for one in known}
        latest = [one for one in known if one.number == newest[one.action_id]]
        self._told = dict(zip((one.action_id for one in latest), wording.told(latest), strict=True))

    def told(self, action_id: int) -> str:
        """All of it in one line."""
        name, details = self._told.get(action_id, ("", ""))
        return labelled(name, details) if details else name

    def told_apart(self, action_id: int) -> tuple[str, str]:
        """As a row has it: what it is, and below it what would make that too long."""
        name, details = self._told.get(action_id, ("", ""))
        return (name, details) if len(details) > LONG else (self.told(action_id), "")

    def why(self, missed: Missed) -> str:
        """Why it did not count, without what only those who write rules understand."""
        if missed.reason == Reason.REPEAT:
            version = self._versions.get((missed.action_id, missed.version))
            often = OFTEN.get(Repeat(version.repeat)) if version and missed.why != notes.taken() else None
            return str(often or _("it was counted already"))
        return str(PLAIN.get(missed.reason, missed.why))
