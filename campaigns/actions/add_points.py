from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from campaigns.actions.base import cause, contact_of, names, row
from campaigns.effects import Effects, Gives
from campaigns.models import Delivery
from campaigns.registry import Action, Params, actions
from contacts.remarks import Remark
from contacts.wording import signed
from scoring import ledger
from scoring.models import Adjustment, PointGroup


@actions.register
class AddPoints(Action):
    """An adjustment of the ledger, by the delivery's key: however often it is performed, the points are given once."""

    key = "add_points"
    label = _("Add or take away points")
    group = _("Contact")

    class Form(forms.Form):
        group = forms.ModelChoiceField(PointGroup.objects.all(), label=_("Point group"))
        points = forms.IntegerField(
            label=_("Points"), min_value=-1_000_000, max_value=1_000_000, help_text=_("Negative takes points away.")
        )

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            offered = Q(archived_at__isnull=True) | Q(pk=self.initial.get("group"))  # and the one chosen already
            self.fields["group"].queryset = PointGroup.objects.filter(offered)  # type: ignore[attr-defined]

        def clean_points(self) -> int:
            points: int = self.cleaned_data["points"]
            if points == 0:
                raise ValidationError(_("Zero points would do nothing."))
            return points

    def describe(self, params: Params) -> str:
        return self._change(params)

    def _change(self, params: Params) -> Remark:
        points, group = signed(params["points"]), names(PointGroup, [params["group"]])
        return Remark(_("%(points)s points in %(group)s"), points=points, group=group)

    def effects(self, params: Params) -> Effects:
        return [Gives(params["group"], params["points"])]

    def perform(self, delivery: Delivery, params: Params) -> str:
        group = row(PointGroup, params["group"])
        ledger.adjust(
            contact_of(delivery).pk,
            group.pk,
            params["points"],
            origin=Adjustment.Origin.CAMPAIGN,
            note=cause(delivery)[:300],
            key=delivery.key,
        )
        return Remark.sentence([self._change(params)])
