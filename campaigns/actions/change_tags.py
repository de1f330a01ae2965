from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from campaigns.actions.base import contact_of, names, rows
from campaigns.effects import Effects, lists
from campaigns.models import Delivery
from campaigns.registry import Action, Params, actions
from contacts import tagging
from contacts.models import Tag
from contacts.remarks import Remark


@actions.register
class ChangeTags(Action):
    key = "change_tags"
    label = _("Add or remove tags")
    group = _("Contact")

    class Form(forms.Form):
        add = forms.ModelMultipleChoiceField(Tag.objects.all(), label=_("Add"), required=False)
        remove = forms.ModelMultipleChoiceField(Tag.objects.all(), label=_("Remove"), required=False)

        def clean(self) -> dict[str, Any]:
            cleaned = super().clean() or {}
            if not cleaned.get("add") and not cleaned.get("remove"):
                raise ValidationError(_("Choose at least one tag."))
            if set(cleaned.get("add") or ()) & set(cleaned.get("remove") or ()):
                raise ValidationError(_("A tag cannot be both added and removed."))
            return cleaned

    def describe(self, params: Params) -> str:
        return ", ".join(self._changes(params))

    def _changes(self, params: Params) -> list[Remark]:
        parts = []
        if params.get("add"):
            parts.append(Remark(_("add the tag %(names)s"), names=names(Tag, params["add"])))
        if params.get("remove"):
            parts.append(Remark(_("remove the tag %(names)s"), names=names(Tag, params["remove"])))
        return parts

    def effects(self, params: Params) -> Effects:
        return lists("tag", params.get("add") or (), params.get("remove") or ())

    def perform(self, delivery: Delivery, params: Params) -> str:
        contact = contact_of(delivery)
        tagging.add([contact.pk], rows(Tag, params.get("add", ())))
        tagging.remove([contact.pk], rows(Tag, params.get("remove", ())))
        return Remark.sentence(self._changes(params))
