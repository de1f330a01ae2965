"""Who the contact is: any condition on its own data, held while true."""

from __future__ import annotations

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from contacts import conditions
from contacts.models import Contact
from scoring.sources.base import Names, Params, ProfileSource, point_sources


@point_sources.register
class ProfileMatches(ProfileSource):
    key = "profile_matches"
    label = _("Profile matches")
    told = _("What we know about you")
    help = _("The points come when the contact begins to match, and go when it no longer does.")

    class Form(forms.Form):
        conditions = conditions.ConditionsField(label=_("Conditions"), profile_only=True, required=True)

    def contacts(self, params: Params, among: QuerySet[Contact]) -> QuerySet[Contact]:
        """Those of `among` who match now."""
        return conditions.matching(params.get("conditions") or {}, among)

    def details(self, params: Params, names: Names) -> str:
        return conditions.describe(params.get("conditions"))
