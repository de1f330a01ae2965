"""Triggers in drafts: the form and its actions open with what the draft says of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.forms.models import BaseInlineFormSet, BaseModelFormSet

from campaigns import publishing
from campaigns.models import Trigger, TriggerAction
from contacts.numerals import number_in
from scoring.admin.draft_switches import DraftSwitches
from scoring.admin.drafting import in_utc
from scoring.publishing.types import State


class DraftingTriggers(DraftSwitches):
    draft_type = publishing.Triggers.key

    def hold(self, object_id: str | None) -> None:
        """A trigger waits for no running batch."""
        list(Trigger.objects.filter(pk=number_in(object_id or "")).select_for_update(no_key=True))

    def draft_state(self, row: Trigger, formsets: Iterable[BaseModelFormSet[Any]]) -> State:
        state = publishing.state_of(in_utc(row))
        for formset in formsets:
            if formset.model is TriggerAction:
                state["actions"] = _posted(formset)
        return state

    def fill(self, row: Trigger, state: State) -> None:
        publishing.filled(row, state)
        row.drafted_actions = state.get("actions")  # type: ignore[attr-defined]


class DraftedActionsFormSet(BaseInlineFormSet):
    """Opens with the actions of the draft: changed, new, or chosen to be deleted."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        wanted = None if args or kwargs.get("data") else getattr(kwargs.get("instance"), "drafted_actions", None)
        self.wanted = None if wanted is None else {row["id"]: row for row in wanted}
        if wanted is not None:
            stay = set(kwargs["instance"].actions.values_list("pk", flat=True))
            new = [row for row in wanted if row["id"] not in stay]
            kwargs["initial"] = [{name: row[name] for name in ("type", "params", "position")} for row in new]
            self.extra = len(new)
        super().__init__(*args, **kwargs)

    def get_queryset(self) -> Any:
        if not self.wanted:
            return super().get_queryset()
        if not hasattr(self, "_filled"):
            self._filled = [self._as_drafted(row) for row in super().get_queryset()]
            self._filled.sort(key=lambda row: row.position)
        return self._filled

    def add_fields(self, form: Any, index: int | None) -> None:
        super().add_fields(form, index)
        if self.wanted is not None and form.instance.pk and form.instance.pk not in self.wanted:
            form.fields["DELETE"].initial = True

    def _as_drafted(self, row: TriggerAction) -> TriggerAction:
        wanted = (self.wanted or {}).get(row.pk)
        if wanted:
            row.type, row.params, row.position = wanted["type"], wanted["params"], wanted["position"]
        return row


def _posted(formset: BaseModelFormSet[Any]) -> list[dict[str, Any]]:
    """The actions as they would be after saving, in their order."""
    gone = formset.deleted_forms
    rows = [form.instance for form in formset.forms if form not in gone and (form.instance.pk or form.has_changed())]
    return [
        {"id": row.pk, "type": row.type, "params": row.params, "position": row.position or 0}
        for row in sorted(rows, key=lambda row: row.position or 0)
    ]
