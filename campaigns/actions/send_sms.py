from __future__ import annotations

from django import forms
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _

from campaigns import sent, texting
from campaigns.actions.base import contact_of, named, row
from campaigns.effects import Effects, Sends
from campaigns.models import Delivery, Sms
from campaigns.registry import Action, DeliveryError, Params, actions
from contacts.remarks import Remark


@actions.register
class SendSms(Action):
    key = "send_sms"
    label = _("Send an SMS to the contact")
    group = _("Messages")
    external = True

    class Form(forms.Form):
        sms = forms.ModelChoiceField(Sms.objects.filter(is_active=True), label=_("SMS"))

    def describe(self, params: Params) -> str:
        return _g("send the SMS %(name)s") % {"name": named(Sms, [params["sms"]])}

    def effects(self, params: Params) -> Effects:
        return [Sends(Sms.subject_type, params["sms"])]

    def perform(self, delivery: Delivery, params: Params) -> str:
        sms = row(Sms, params["sms"])
        if not sms.is_active:
            raise DeliveryError(Remark(_("The SMS “%(name)s” is not active."), name=sms), permanent=True)
        return texting.to_contact(delivery, sms, contact_of(delivery))

    def sent(self, delivery: Delivery) -> None:
        sent.note(delivery)
