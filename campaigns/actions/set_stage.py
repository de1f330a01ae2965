from __future__ import annotations

from django import forms
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _

from campaigns.actions.base import contact_of, named, row
from campaigns.effects import Effects, Reaches
from campaigns.models import Delivery
from campaigns.registry import Action, Params, Skipped, actions
from contacts import stages
from contacts.models import Stage
from contacts.remarks import Remark


@actions.register
class SetStage(Action):
    key = "set_stage"
    label = _("Set the stage")
    group = _("Contact")

    class Form(forms.Form):
        stage = forms.ModelChoiceField(Stage.objects.all(), label=_("Stage"))
        forward_only = forms.BooleanField(
            label=_("Only forwards"),
            required=False,
            initial=True,
            help_text=_("A contact who is further down the funnel stays there."),
        )

    def describe(self, params: Params) -> str:
        sentence = (
            _g("move forward to the stage %(name)s") if params.get("forward_only") else _g("set the stage %(name)s")
        )
        return sentence % {"name": named(Stage, [params["stage"]])}

    def effects(self, params: Params) -> Effects:
        return [Reaches(params["stage"])]

    def perform(self, delivery: Delivery, params: Params) -> str:
        stage = row(Stage, params["stage"])
        contact = contact_of(delivery)
        if not stages.set_stage([contact.pk], stage, forward_only=bool(params.get("forward_only"))):
            raise Skipped(Remark(_("The contact is at “%(name)s” already."), name=contact.stage or "–"))
        return Remark(_("Stage set to “%(name)s”."), name=stage)
