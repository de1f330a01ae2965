"""What an outcome is: its key and words, the form of its parameters, and who had it when.

Back-tests ask whether scores told an outcome in advance. A new one is a file here and an import line in the package.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django import forms
from django.db.models import QuerySet

from contacts.registry import Registry
from scoring.sources.base import Mentions, Names, Params
from tracking.models import Event, Kind, Verdict


class UnknownName(ValueError):
    """Nothing of that name; the sentence says which names there are."""


class Outcome:
    key: str  # stored in rows: never rename
    label: Any  # what the marketer reads

    Form: type[forms.Form] = forms.Form

    def converted(
        self, params: Params, contact_ids: Sequence[int], after: datetime | None, until: datetime
    ) -> set[int]:
        """Those of these contacts who had the outcome after one moment (None: ever) and not after another."""
        raise NotImplementedError

    def had(self, params: Params, contact_ids: Sequence[int], at: datetime) -> set[int]:
        """Those of these contacts who had had the outcome by this moment."""
        return self.converted(params, contact_ids, None, at)

    def mentions(self, params: Params) -> Mentions:
        """The rows whose names `describe` will ask for."""
        return {}

    def describe(self, params: Params, names: Names) -> str:
        """The outcome in words."""
        return str(self.label)

    def params_of(self, names: Sequence[str]) -> Params:
        """The parameters that mean these names, for commands. Raises UnknownName."""
        raise NotImplementedError


def people_of(
    events: QuerySet[Event], kind: Kind, contact_ids: Sequence[int], after: datetime | None, until: datetime
) -> set[int]:
    """The people, no machines, among these contacts to whom an event of this kind happened then."""
    found = events.filter(kind=kind, contact__in=contact_ids, at__lte=until, verdict__lt=Verdict.PROXY)
    if after is not None:
        found = found.filter(at__gt=after)
    return set(found.values_list("contact_id", flat=True).distinct())


outcomes: Registry[Outcome] = Registry("outcome")
