from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from campaigns.actions.base import contact_of, rows
from campaigns.actions.lists import ListAction, ListForm
from campaigns.effects import Effects, lists
from campaigns.models import Delivery
from campaigns.registry import Params, actions
from contacts import tagging
from contacts.models import Tag
from contacts.remarks import Remark


@actions.register
class ChangeTags(ListAction):
    key = "change_tags"
    label = _("Add or remove tags")
    group = _("Contact")
    model = Tag
    adding = _("add the tag %(names)s")
    removing = _("remove the tag %(names)s")

    class Form(ListForm):
        add = forms.ModelMultipleChoiceField(Tag.objects.all(), label=_("Add"), required=False)
        remove = forms.ModelMultipleChoiceField(Tag.objects.all(), label=_("Remove"), required=False)
        nothing_chosen = _("Choose at least one tag.")
        chosen_twice = _("A tag cannot be both added and removed.")

    def effects(self, params: Params) -> Effects:
        return lists("tag", params.get("add") or (), params.get("remove") or ())

    def perform(self, delivery: Delivery, params: Params) -> str:
        contact = contact_of(delivery)
        tagging.add([contact.pk], rows(Tag, params.get("add", ())))
        tagging.remove([contact.pk], rows(Tag, params.get("remove", ())))
        return Remark.sentence(self.changes(params))
