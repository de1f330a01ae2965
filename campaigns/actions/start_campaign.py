from __future__ import annotations

from django import forms
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _

from campaigns import enrolments
from campaigns.actions.base import cause, contact_of, named, row
from campaigns.effects import Effects, Starts
from campaigns.models import Campaign, Delivery, Enrolment
from campaigns.registry import Action, Params, Skipped, actions
from contacts.remarks import Remark


class CampaignField(forms.ModelChoiceField):
    """Says of a campaign that is not active that nothing would start."""

    def label_from_instance(self, obj: Campaign) -> str:
        return str(obj) if obj.is_active else _g("%(name)s (not active: nobody is enrolled)") % {"name": obj}


@actions.register
class StartCampaign(Action):
    key = "start_campaign"
    label = _("Start a campaign")
    group = _("Campaigns")

    class Form(forms.Form):
        campaign = CampaignField(Campaign.objects.all(), label=_("Campaign"))

    def describe(self, params: Params) -> str:
        return _g("start the campaign %(name)s") % {"name": named(Campaign, [params["campaign"]])}

    def effects(self, params: Params) -> Effects:
        return [Starts(params["campaign"])]

    def perform(self, delivery: Delivery, params: Params) -> str:
        campaign = row(Campaign, params["campaign"])
        if not campaign.is_active:
            raise Skipped(Remark(_("The campaign “%(name)s” is not active."), name=campaign))
        if not enrolments.enrol(campaign, [contact_of(delivery).pk], Enrolment.Reason.TRIGGER, cause(delivery)):
            raise Skipped(Remark(_("The contact is in this campaign already, or has been and may not start again.")))
        return Remark(_("Started “%(name)s”."), name=campaign)
