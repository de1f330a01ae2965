"""A page of a tracked site was visited."""

from __future__ import annotations

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from scoring.sources.addresses import AddressesField, exact, matching
from scoring.sources.base import EventSource, Names, Params, point_sources
from tracking.models import Kind, Subject


@point_sources.register
class PageVisited(EventSource):
    key = "page_visited"
    label = _("Visits a web page")
    told = _("You looked at a page of our website")
    any_label = _("any page")
    kind = Kind.PAGE_VISITED
    subject_type = Subject.Type.PAGE

    class Form(forms.Form):
        addresses = AddressesField(label=_("Which pages"))

    def subjects(self, params: Params) -> QuerySet[Subject]:
        every = super().subjects(params)
        return every.filter(matching(params["addresses"])) if params.get("addresses") else every

    def most_objects(self, params: Params) -> int | None:
        return exact(params.get("addresses") or [])

    def details(self, params: Params, names: Names) -> str:
        return ", ".join(params.get("addresses") or [])

    def plain_details(self, params: Params, names: Names) -> str:
        return ""  # addresses tell nobody what they looked at
