"""What a letter says of rules: what the person did or is, in words of theirs, and why it was not counted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from contacts.models import Contact
from scoring import wording
from scoring.explain import notes
from scoring.explain.almost import AlmostCounted, Missed, Reason
from scoring.explain.letter_profile import Profile
from scoring.explain.letter_things import Things
from scoring.explain.lines import Line
from scoring.explain.statements import GroupStatement
from scoring.models import Adjustment, PointActionVersion, Repeat

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


def listed(names: Sequence[str], most: int) -> str:
    """All of them, or where they are more than that, some and how many more; one more is named as well."""
    if len(names) <= most + 1:
        return ", ".join(names)
    named, more = ", ".join(names[:most]), len(names) - most
    said = ngettext("%(named)s and %(count)d more", "%(named)s and %(count)d more", more)
    return said % {"named": named, "count": more}


class Rules:
    """Their versions in one query, and what they are about in one for each kind."""

    def __init__(
        self, contact: Contact, statements: Iterable[GroupStatement], almost: AlmostCounted, *, is_past: bool
    ) -> None:
        lines = [line for part in statements for line in part.lines]
        counted = ((line.action_id, line.version) for line in lines)
        missed = ((one.action_id, one.version) for one in almost.missed)
        newest: dict[int, int] = {}
        for action_id, number in (*counted, *missed):
            if action_id and number:
                newest[action_id] = max(number, newest.get(action_id, 0))
        known = list(PointActionVersion.objects.filter(action__in=newest))
        self._versions = {(one.action_id, one.number): one for one in known}
        latest = [one for one in known if one.number == newest[one.action_id]]
        self._told = dict(zip((one.action_id for one in latest), wording.told(latest), strict=True))
        self._params = {one.action_id: one.params for one in latest}
        self._profile = Profile(contact, is_past=is_past)
        self._things = Things([*(line.subject for line in lines), *(one.subject for one in almost.missed)])

    def told(self, action_id: int) -> str:
        """What the person did, or that it is about what we know."""
        return self._told.get(action_id, ("", ""))[0]

    def things(self, found: Iterable[Line | Missed]) -> list[str]:
        """What it was about, each once; where that is not known, what it can have been about."""
        rows = list(found)
        names = dict.fromkeys(name for one in rows if (name := self._things.told(one.subject)))
        narrowed = {self._told.get(one.action_id or 0, ("", ""))[1] for one in rows}
        return list(names) or [name for name in narrowed if name]

    def known(self, action_id: int) -> str:
        """The data that a rule about who they are looks at."""
        return self._profile.considered(self._params.get(action_id, {}).get("conditions"))

    def why(self, missed: Missed) -> str:
        """Why it did not count, without what only those who write rules understand."""
        if missed.reason == Reason.REPEAT:
            version = self._versions.get((missed.action_id, missed.version))
            often = OFTEN.get(Repeat(version.repeat)) if version and missed.why != notes.taken() else None
            return str(often or _("it was counted already"))
        return str(PLAIN.get(missed.reason, missed.why))
