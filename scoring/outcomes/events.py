"""Outcomes that are events: whatever can earn points when it happens, by the same choice of what it is about."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _g

from scoring.outcomes.base import Outcome, UnknownName, outcomes, people_of
from scoring.sources import point_sources
from scoring.sources.base import ChosenSubjects, Mentions, Names, Params, chosen
from tracking.models import Event


class HappenedOutcome(Outcome):
    """The event of a point source that chooses among subjects."""

    def __init__(self, source: ChosenSubjects) -> None:
        self.source = source
        self.key, self.Form = source.key, source.Form

    @property
    def label(self) -> Any:
        return self.source.label

    def converted(
        self, params: Params, contact_ids: Sequence[int], after: datetime | None, until: datetime
    ) -> set[int]:
        events = Event.objects.filter(subject__in=chosen(params)) if params.get("only") else Event.objects.all()
        return people_of(events, self.source.kind, contact_ids, after, until)

    def mentions(self, params: Params) -> Mentions:
        return self.source.mentions(params)

    def describe(self, params: Params, names: Names) -> str:
        return str(self.source.describe(params, names))

    def params_of(self, names: Sequence[str]) -> Params:
        every, found = self.source.subjects({}), []
        for name in names:
            named = list(every.filter(Q(name__iexact=name) | Q(key__iexact=name)).values_list("pk", flat=True))
            if not named:
                known = ", ".join(map(str, every.order_by("name")[:20])) or "–"
                raise UnknownName(_g("There is no “%(name)s”. There are: %(known)s.") % {"name": name, "known": known})
            found += named
        return {"only": found}


for key in ("form_submitted", "custom_event", "asset_downloaded", "webinar_registered", "webinar_attended"):
    if isinstance(source := point_sources[key], ChosenSubjects):
        outcomes.add(HappenedOutcome(source))
