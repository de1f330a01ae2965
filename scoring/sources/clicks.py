"""What clicks in emails and in SMS share: which messages, which links."""

from __future__ import annotations

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from scoring.sources.addresses import AddressesField, matching
from scoring.sources.base import EventSource, Mentions, Names, Params, SubjectsField, chosen, form_of
from tracking.models import Subject


class ClickSource(EventSource):
    """A click on a tracked link; links know their message as their subject's parent."""

    subject_type = Subject.Type.LINK
    message_type: str
    which: object
    any_label = _("any link")

    def __init__(self) -> None:
        fields: dict[str, forms.Field] = {
            "only": SubjectsField(self.message_type, label=self.which),
            "addresses": AddressesField(label=_("Which links")),
        }
        self.Form = form_of(fields)

    def subjects(self, params: Params) -> QuerySet[Subject]:
        links = super().subjects(params).filter(parent__type=self.message_type)
        if params.get("only"):
            links = links.filter(parent__in=chosen(params))
        return links.filter(matching(params["addresses"])) if params.get("addresses") else links

    def mentions(self, params: Params) -> Mentions:
        return {Subject: chosen(params)}

    def details(self, params: Params, names: Names) -> str:
        details = [*names.of(Subject, chosen(params)), *(params.get("addresses") or [])]
        return ", ".join(details) or (gettext("nothing that exists any more") if params.get("only") else "")

    def plain_details(self, params: Params, names: Names) -> str:
        return ", ".join(names.of(Subject, chosen(params)))  # addresses tell nobody what they followed
