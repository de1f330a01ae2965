from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django import forms
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _

from campaigns.models import Enrolment, Step
from campaigns.registry import Params, Result, StepType, steps
from contacts import conditions
from contacts.models import Contact
from contacts.remarks import Remark

OTHERWISE = {"end": _("End the campaign for the contact"), "skip": _("Leave out the next step")}


@steps.register
class Condition(StepType):
    """Asks about the contact as they are now. Those who match go on."""

    key = "condition"
    label = _("Check a condition")
    group = _("Steering")

    class Form(forms.Form):
        conditions = conditions.ConditionsField(label=_("Go on if the contact"), required=True)
        otherwise = forms.ChoiceField(label=_("Otherwise"), choices=list(OTHERWISE.items()))

    def describe(self, params: Params) -> str:
        values = {"conditions": conditions.describe(params["conditions"]), "otherwise": OTHERWISE[params["otherwise"]]}
        return _g("go on if %(conditions)s; otherwise: %(otherwise)s") % values

    def run(self, step: Step, enrolments: Sequence[Enrolment], now: datetime) -> dict[int, Result]:
        asked = Contact.objects.filter(pk__in=[enrolment.contact_id for enrolment in enrolments])
        met = set(conditions.matching(step.params["conditions"], asked).values_list("pk", flat=True))
        otherwise = step.params["otherwise"]
        no = Result(Remark(_("Not met.")), end=otherwise == "end", skip_next=otherwise == "skip")
        return {
            enrolment.pk: Result(Remark(_("Met."))) if enrolment.contact_id in met else no for enrolment in enrolments
        }
