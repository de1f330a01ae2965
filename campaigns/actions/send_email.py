from __future__ import annotations

from django import forms
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _

from campaigns import sent
from campaigns.actions.base import contact_of, named, row
from campaigns.effects import Effects, Sends
from campaigns.mail import send
from campaigns.models import Delivery, Email
from campaigns.registry import Action, DeliveryError, Params, actions
from contacts.remarks import Remark


@actions.register
class SendEmail(Action):
    key = "send_email"
    label = _("Send an email to the contact")
    group = _("Messages")
    external = True

    class Form(forms.Form):
        email = forms.ModelChoiceField(Email.objects.filter(is_active=True), label=_("Email"))

    def describe(self, params: Params) -> str:
        return _g("send the email %(name)s") % {"name": named(Email, [params["email"]])}

    def effects(self, params: Params) -> Effects:
        return [Sends(Email.subject_type, params["email"])]

    def perform(self, delivery: Delivery, params: Params) -> str:
        email = row(Email, params["email"])
        if not email.is_active:
            raise DeliveryError(Remark(_("The email “%(name)s” is not active."), name=email), permanent=True)
        return send.to_contact(delivery, email, contact_of(delivery))

    def sent(self, delivery: Delivery) -> None:
        sent.note(delivery)
