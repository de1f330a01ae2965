from __future__ import annotations

from django import forms
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _

from campaigns import enrolments
from campaigns.actions.base import cause, contact_of, named, row
from campaigns.models import Campaign, Delivery
from campaigns.registry import Action, Params, Skipped, actions
from contacts.remarks import Remark


@actions.register
class LeaveCampaign(Action):
    key = "leave_campaign"
    label = _("Leave a campaign")
    group = _("Campaigns")

    class Form(forms.Form):
        campaign = forms.ModelChoiceField(Campaign.objects.all(), label=_("Campaign"))

    def describe(self, params: Params) -> str:
        return _g("leave the campaign %(name)s") % {"name": named(Campaign, [params["campaign"]])}

    def perform(self, delivery: Delivery, params: Params) -> str:
        campaign = row(Campaign, params["campaign"])
        if not enrolments.leave(campaign, [contact_of(delivery).pk], cause(delivery)):
            raise Skipped(Remark(_("The contact is not in this campaign.")))
        return Remark(_("Left “%(name)s”."), name=campaign)
