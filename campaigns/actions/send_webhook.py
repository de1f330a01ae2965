from __future__ import annotations

from django import forms
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _

from campaigns import webhooks
from campaigns.actions.base import contact_of, named, row
from campaigns.models import Delivery, Integration
from campaigns.registry import Action, Params, actions


@actions.register
class SendWebhook(Action):
    key = "send_webhook"
    label = _("Push to an integration")
    group = _("Integrations")
    external = True

    class Form(forms.Form):
        integration = forms.ModelChoiceField(Integration.objects.all(), label=_("Integration"))

    def describe(self, params: Params) -> str:
        return _g("push to %(name)s") % {"name": named(Integration, [params["integration"]])}

    def perform(self, delivery: Delivery, params: Params) -> str:
        return webhooks.push(row(Integration, params["integration"]), delivery, contact_of(delivery))
