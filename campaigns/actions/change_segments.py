from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from campaigns.actions.base import cause, contact_of, names, reason, rows
from campaigns.effects import Effects, lists
from campaigns.models import Delivery
from campaigns.registry import Action, Params, actions
from contacts import segments
from contacts.models import Segment
from contacts.remarks import Remark

IN_USE = Segment.objects.filter(archived_at__isnull=True)


@actions.register
class ChangeSegments(Action):
    key = "change_segments"
    label = _("Add to or remove from segments")
    group = _("Contact")

    class Form(forms.Form):
        add = forms.ModelMultipleChoiceField(IN_USE, label=_("Add to"), required=False)
        remove = forms.ModelMultipleChoiceField(IN_USE, label=_("Remove from"), required=False)

        def clean(self) -> dict[str, Any]:
            cleaned = super().clean() or {}
            if not cleaned.get("add") and not cleaned.get("remove"):
                raise ValidationError(_("Choose at least one segment."))
            if set(cleaned.get("add") or ()) & set(cleaned.get("remove") or ()):
                raise ValidationError(_("A segment cannot be both added and removed."))
            return cleaned

    def describe(self, params: Params) -> str:
        return ", ".join(self._changes(params))

    def _changes(self, params: Params) -> list[Remark]:
        parts = []
        if params.get("add"):
            parts.append(Remark(_("add to the segment %(names)s"), names=names(Segment, params["add"])))
        if params.get("remove"):
            parts.append(Remark(_("remove from the segment %(names)s"), names=names(Segment, params["remove"])))
        return parts

    def effects(self, params: Params) -> Effects:
        return lists("segment", params.get("add") or (), params.get("remove") or ())

    def perform(self, delivery: Delivery, params: Params) -> str:
        contact = contact_of(delivery)
        for segment in rows(Segment, params.get("add", ())):
            segments.add(segment, [contact.pk], reason=reason(delivery), note=cause(delivery))
        for segment in rows(Segment, params.get("remove", ())):
            segments.remove(segment, [contact.pk], reason=reason(delivery), note=cause(delivery))
        return Remark.sentence(self._changes(params))
