"""Who is in a segment and why, and deciding by hand who should be."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.admin import site
from django.contrib.admin.widgets import AutocompleteSelectMultiple
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from contacts import segments
from contacts.admin_base import BaremeAdmin, CappedPaginator
from contacts.models import Contact, Membership, Segment
from contacts.remarks import Remark
from contacts.search import search

PER_PAGE = 50
TOLD = {
    "add": ngettext_lazy("%(count)d contact added.", "%(count)d contacts added.", "count"),
    "remove": ngettext_lazy("%(count)d contact removed.", "%(count)d contacts removed.", "count"),
    "undecide": ngettext_lazy("The conditions decide again.", "The conditions decide again.", "count"),
}
NOTED = {
    "add": _("Added: %(contacts)s"),
    "remove": _("Removed: %(contacts)s"),
    "undecide": _("Left to the conditions again: %(contacts)s"),
}


class Chosen(forms.Form):
    """Contacts chosen in the box, or by the button of a row."""

    contacts = forms.ModelMultipleChoiceField(
        Contact.objects.filter(merged_into__isnull=True),
        label=_("Contacts"),
        widget=AutocompleteSelectMultiple(Membership._meta.get_field("contact"), site),
    )
    verb = forms.ChoiceField(choices=[(verb, verb) for verb in TOLD])
    note = forms.CharField(max_length=200, required=False)


def decide(admin: BaremeAdmin, request: HttpRequest, segment: Segment) -> None:
    """Carry out what was posted by a row's button or the box above."""
    form = Chosen(request.POST)
    if not form.is_valid():
        admin.message_user(request, _("Choose at least one contact."), "error")
        return
    verb, ids = form.cleaned_data["verb"], [contact.pk for contact in form.cleaned_data["contacts"]]
    note = form.cleaned_data["note"] or str(request.user)
    if verb == "undecide":
        segments.undecide(segment, ids)
        count = len(ids)
    else:
        change = segments.add if verb == "add" else segments.remove
        count = change(segment, ids, Membership.Reason.MANUAL, note)
    admin.log_change(request, segment, Remark(NOTED[verb], contacts=", ".join(f"#{pk}" for pk in ids[:20])))
    admin.tell(request, count, TOLD[verb])


def context(admin: BaremeAdmin, request: HttpRequest, segment: Segment) -> dict[str, Any]:
    """One page of the members, newest first."""
    wanted = request.GET.get("show", "members")
    rows: QuerySet[Membership] = segment.memberships.select_related("contact", "contact__company", "contact__stage")
    rows = rows.filter(is_member=wanted != "out").order_by("-since", "-pk")
    if wanted == "decided":
        rows = rows.filter(reason__in=Membership.DECIDED)
    query = request.GET.get("q", "")[:200]
    if query:
        rows = rows.filter(contact__in=search(Contact.objects.order_by(), query).values("pk"))
    return {
        "segment": segment,
        "page": CappedPaginator(rows, PER_PAGE).get_page(request.GET.get("p")),
        "wanted": wanted,
        "query": query,
        "tabs": [("members", _("Members")), ("decided", _("Decided by somebody")), ("out", _("Kept out"))],
        "form": Chosen(),
    }
