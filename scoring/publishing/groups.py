"""Point groups, and the bounds of the overall score, in drafts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from contacts.typed_params import dump
from scoring import decay, terms
from scoring.models import TERMS, Edit, OverallScore, PointGroup
from scoring.publishing.types import Difference, Draft, Publishable, State, archived, publishables
from scoring.rulebook import group_terms
from scoring.sweeps import Plan

BOUNDS = ("floor", "ceiling")


@publishables.register
class PointGroups(Publishable):
    key = "point_group"
    label = _("point group")

    def state(self, ref_id: int) -> State | None:
        group = PointGroup.objects.filter(pk=ref_id).first()
        return None if group is None else {name: dump(getattr(group, name)) for name in TERMS} | archived(group)

    def name(self, ref_id: int) -> str:
        return str(PointGroup.objects.get(pk=ref_id))

    def sketch(self, edit: Edit, draft: Draft, at: datetime, scope: str) -> Draft:
        group = PointGroup.objects.get(pk=edit.ref_id)
        changed = _terms(edit.after or {})
        epoch = decay.today() if changed.get("half_life_days") != group.half_life_days else group.epoch
        for name, value in changed.items():
            setattr(group, name, value)
        book = draft.book.with_terms(group_terms(group, group.pk, epoch))
        return replace(draft, book=book, groups=draft.groups | {group.pk})

    def put_into_force(self, edit: Edit, at: datetime, scope: str, author: Any) -> Plan:
        return self._set(edit, edit.after or {}, author, at)

    def take_back(self, edit: Edit, at: datetime, author: Any) -> Plan:
        return self._set(edit, edit.before or {}, author, at)

    def _set(self, edit: Edit, state: State, author: Any, at: datetime) -> Plan:
        changed = terms.set_terms(PointGroup.objects.get(pk=edit.ref_id), _terms(state), author, at)
        return Plan(terms={}) if changed else Plan()

    def stands(self, edit: Edit) -> bool:
        group, made = PointGroup.objects.get(pk=edit.ref_id), _terms((edit.before or {}) | (edit.after or {}))
        return all(getattr(group, name) == value for name, value in made.items())

    def differences(self, edit: Edit) -> Iterable[Difference]:
        before = edit.before or {}
        return _differing(PointGroup(**_terms(before)), PointGroup(**_terms(before | (edit.after or {}))))


@publishables.register
class OverallBounds(Publishable):
    key = "overall_score"
    label = _("overall score")

    def state(self, ref_id: int) -> State | None:
        overall = OverallScore.get()
        return {name: getattr(overall, name) for name in BOUNDS}

    def name(self, ref_id: int) -> str:
        return str(_("overall score"))

    def sketch(self, edit: Edit, draft: Draft, at: datetime, scope: str) -> Draft:
        after = edit.after or {}
        return replace(draft, book=replace(draft.book, floor=after.get("floor"), ceiling=after.get("ceiling")))

    def put_into_force(self, edit: Edit, at: datetime, scope: str, author: Any) -> Plan:
        return self._set(edit.after or {}, author, at)

    def take_back(self, edit: Edit, at: datetime, author: Any) -> Plan:
        return self._set(edit.before or {}, author, at)

    def stands(self, edit: Edit) -> bool:
        return self.state(edit.ref_id) == (edit.before or {}) | (edit.after or {})

    def _set(self, state: State, author: Any, at: datetime) -> Plan:
        return Plan(terms={}) if terms.set_bounds(state.get("floor"), state.get("ceiling"), author, at) else Plan()

    def differences(self, edit: Edit) -> Iterable[Difference]:
        before = edit.before or {}
        return _differing(OverallScore(**before), OverallScore(**(before | (edit.after or {}))))


def _terms(state: State) -> dict[str, Any]:
    fields: dict[str, Any] = {name: PointGroup._meta.get_field(name) for name in TERMS if name in state}
    return {name: field.to_python(state[name]) for name, field in fields.items()}


def _differing(before: PointGroup | OverallScore, after: PointGroup | OverallScore) -> Iterable[Difference]:
    from scoring.wording import differing, facts_of_terms

    return differing(facts_of_terms(before), facts_of_terms(after))
