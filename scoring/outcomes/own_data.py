"""Outcomes in a contact's own data: reached a stage of the funnel, got a tag."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar

from django import forms
from django.db.models import Model
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _

from contacts.models import Stage, Tag
from scoring.outcomes.base import Outcome, UnknownName, outcomes, people_of
from scoring.sources.base import Mentions, Names, Params, chosen
from tracking import past
from tracking.models import Event, Kind


class ChosenRows(Outcome):
    """An outcome with one parameter: which rows of a table, at least one."""

    model: ClassVar[type[Model]]
    choose: ClassVar[Any]
    hint: ClassVar[Any] = ""
    kind: ClassVar[Kind]
    place: ClassVar[str]  # of the row's id in the event's data
    filter: ClassVar[str]  # of conditions: who has one of several such rows

    def __init__(self) -> None:
        every = self.model._default_manager.all()
        rows = forms.ModelMultipleChoiceField(every, label=self.choose, help_text=self.hint)
        self.Form = type("Form", (forms.Form,), {"only": rows})

    def converted(
        self, params: Params, contact_ids: Sequence[int], after: datetime | None, until: datetime
    ) -> set[int]:
        events = Event.objects.filter(**{f"data__{self.place}__in": chosen(params)})
        return people_of(events, self.kind, contact_ids, after, until)

    def had(self, params: Params, contact_ids: Sequence[int], at: datetime) -> set[int]:
        """Also those who had it without an event: they came with it, say by an import."""
        tree = {"filter": self.filter, "op": "one_of", "value": chosen(params)}
        return super().had(params, contact_ids, at) | past.matching({"all": [tree]}, at, contact_ids)

    def mentions(self, params: Params) -> Mentions:
        return {self.model: chosen(params)}

    def describe(self, params: Params, names: Names) -> str:
        named = ", ".join(names.of(self.model, chosen(params))) or _g("nothing that exists any more")
        return _g("%(what)s: %(details)s") % {"what": self.label, "details": named}

    def params_of(self, names: Sequence[str]) -> Params:
        rows = list(self.model._default_manager.all())
        every = {str(row).casefold(): row.pk for row in rows}
        missing = next((name for name in names if name.casefold() not in every), None)
        if missing is not None or not names:
            no = _g("There is no “%(name)s”.") % {"name": missing} if names else _g("Say which.")
            known = ", ".join(map(str, rows[:20])) or "–"
            raise UnknownName(_g("%(no)s There are: %(known)s.") % {"no": no, "known": known})
        return {"only": [every[name.casefold()] for name in names]}


@outcomes.register
class StageReached(ChosenRows):
    key = "stage_reached"
    label = _("Reaches a stage")
    choose = _("Which stages")
    hint = _("Whoever goes straight to a later stage does not reach this one: choose the later ones, too.")
    model = Stage
    kind = Kind.STAGE_CHANGED
    place = "stage_id__1"
    filter = "stage"


@outcomes.register
class TagAdded(ChosenRows):
    key = "tag_added"
    label = _("Gets a tag")
    choose = _("Which tags")
    model = Tag
    kind = Kind.TAG_ADDED
    place = "id"
    filter = "tag"
