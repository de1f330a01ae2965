from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from campaigns.actions.base import cause, contact_of, reason, rows
from campaigns.actions.lists import ListAction, ListForm
from campaigns.effects import Effects, lists
from campaigns.models import Delivery
from campaigns.registry import Params, actions
from contacts import segments
from contacts.models import Segment
from contacts.remarks import Remark

IN_USE = Segment.objects.filter(archived_at__isnull=True)


@actions.register
class ChangeSegments(ListAction):
    key = "change_segments"
    label = _("Add to or remove from segments")
    group = _("Contact")
    model = Segment
    adding = _("add to the segment %(names)s")
    removing = _("remove from the segment %(names)s")

    class Form(ListForm):
        add = forms.ModelMultipleChoiceField(IN_USE, label=_("Add to"), required=False)
        remove = forms.ModelMultipleChoiceField(IN_USE, label=_("Remove from"), required=False)
        nothing_chosen = _("Choose at least one segment.")
        chosen_twice = _("A segment cannot be both added and removed.")

    def effects(self, params: Params) -> Effects:
        return lists("segment", params.get("add") or (), params.get("remove") or ())

    def perform(self, delivery: Delivery, params: Params) -> str:
        contact = contact_of(delivery)
        for segment in rows(Segment, params.get("add", ())):
            segments.add(segment, [contact.pk], reason=reason(delivery), note=cause(delivery))
        for segment in rows(Segment, params.get("remove", ())):
            segments.remove(segment, [contact.pk], reason=reason(delivery), note=cause(delivery))
        return Remark.sentence(self.changes(params))
