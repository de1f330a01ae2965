"""What of each row of scoring a draft holds: all of a point action, the terms of a group, the bounds of the overall score."""

from __future__ import annotations

from typing import Any

from django.db.models import Model
from django.utils.translation import gettext_lazy as _

from contacts.typed_params import dump
from scoring.admin.drafting import DraftingAdmin, in_utc
from scoring.models import TERMS, CapPeriod, OverallScore, PointGroup
from scoring.publishing import actions as drafted_actions
from scoring.publishing.groups import BOUNDS, OverallBounds, PointGroups
from scoring.publishing.types import State


class DraftingActions(DraftingAdmin):
    """Point actions, all of them."""

    draft_type = drafted_actions.PointActions.key

    def draft_state(self, row: Any, formsets: Any) -> State:
        return drafted_actions.state_of(in_utc(row))

    def fill(self, row: Any, state: State) -> None:
        drafted_actions.filled(row, state)


class DraftingTerms(DraftingAdmin):
    """The terms of a group, not its name or colour; a new group needs no draft, for nobody has points in it."""

    draft_type = PointGroups.key
    draftable = TERMS
    at_once = _(
        "“Save” changes every score of the group at once; “Add to the draft” first shows which contacts that concerns. Name, "
        "description, colour and position are not scored and do not wait in a draft: save them by themselves."
    )

    def draft_state(self, row: Any, formsets: Any) -> State:
        row.cap_period = row.cap_period or CapPeriod.MONTH
        return {name: dump(_stored(PointGroup, name, getattr(row, name))) for name in TERMS}

    def fill(self, row: Any, state: State) -> None:
        for name in TERMS:
            if name in state:
                field: Any = PointGroup._meta.get_field(name)
                setattr(row, name, field.to_python(state[name]))


class DraftingBounds(DraftingAdmin):
    """The bounds of the overall score."""

    draft_type = OverallBounds.key
    at_once = _(
        "“Save” changes every overall score at once; “Add to the draft” first shows which contacts that concerns."
    )

    def draft_state(self, row: OverallScore, formsets: Any) -> State:
        return {name: getattr(row, name) for name in BOUNDS}

    def fill(self, row: OverallScore, state: State) -> None:
        for name in BOUNDS:
            setattr(row, name, state.get(name))


def _stored(model: type[Model], name: str, value: Any) -> Any:
    """As the database will give it back: 2 as 2.00."""
    places = getattr(model._meta.get_field(name), "decimal_places", None)
    return value if places is None or value is None else f"{value:.{places}f}"
