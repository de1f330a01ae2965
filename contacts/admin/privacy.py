"""A person's data from the contact pages: hand out a copy, make a link to it, erase for good."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy
from django.views.decorators.http import require_POST
from unfold.decorators import action
from unfold.widgets import UnfoldAdminTextInputWidget

from contacts import merging, privacy
from contacts.admin_base import BaremeAdmin, ReadOnlyAdmin, guarded, note
from contacts.fields import normalise_email
from contacts.models import Contact, Erasure
from contacts.privacy import answer, wording
from contacts.remarks import Remark
from contacts.wording import labelled

AT_ONCE = 100  # erased from one page


class TypedForm(forms.Form):
    """What has to be typed before anything is erased: the address of one person, the number of several."""

    typed = forms.CharField(max_length=300, widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}))
    reason = forms.CharField(
        label=_("Reason"),
        max_length=200,
        required=False,
        help_text=_("Kept in the record of the erasure: please name nobody."),
        widget=UnfoldAdminTextInputWidget,
    )

    def __init__(self, people: list[Contact], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        one = people[0] if len(people) == 1 else None
        self.wanted = str(len(people)) if one is None else (one.email or str(one))
        self.fields["typed"].label = (
            _g("Type the number of contacts, %(count)s, to go on") % {"count": self.wanted}
            if one is None
            else _g("Type %(email)s to go on") % {"email": self.wanted}
        )

    def clean_typed(self) -> str:
        typed: str = self.cleaned_data["typed"]
        if (normalise_email(typed) or "") != (normalise_email(self.wanted) or ""):
            raise forms.ValidationError(_("This is not the same. Nothing was erased."))
        return typed


class Privacy(BaremeAdmin):  # type: ignore[misc,unused-ignore]
    """What the contact admin has for a person's data."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("<int:pk>/copy/", view(require_POST(self.copy)), name="contacts_contact_copy"),
            path("<int:pk>/erase/", view(self.erase), name="contacts_contact_erase"),
            *super().get_urls(),
        ]

    def has_hand_out_permission(self, request: HttpRequest) -> bool:
        return bool(self.has_view_permission(request) and request.user.has_perm("contacts.export_person"))

    def has_erase_permission(self, request: HttpRequest) -> bool:
        return bool(self.has_view_permission(request) and request.user.has_perm("contacts.erase_person"))

    @guarded("hand_out")
    def copy(self, request: HttpRequest, pk: int) -> FileResponse:
        """The ZIP, in the person's language. That it was handed out is noted in the history."""
        contact = _living(pk)
        note(request, [contact], Remark(_("A copy of the data was made.")))
        return answer.zipped(contact)

    @guarded("erase")
    def erase(self, request: HttpRequest, pk: int) -> HttpResponse:
        """GET says what would go; POST with the address typed erases."""
        contact = _living(pk)
        form = TypedForm([contact], request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid():
            return self._erase(request, [contact], form)
        return self._ask(request, [contact], form, privacy.count(pk), contact.get_absolute_url())

    @action(description=_("Erase for good …"), permissions=["erase"])
    def erase_chosen(self, request: HttpRequest, queryset: QuerySet[Contact]) -> HttpResponse | None:
        return self.ask_to_erase(request, queryset)

    def ask_to_erase(self, request: HttpRequest, chosen: QuerySet[Contact]) -> HttpResponse | None:
        """Ask to be sure, and erase once it was typed. Whatever list they were chosen in, it is this admin's that is sent to."""
        people = list(chosen.order_by("pk")[: AT_ONCE + 1])
        if len(people) > AT_ONCE:
            text = _g("At most %(count)d people can be erased at once.") % {"count": AT_ONCE}
            self.message_user(request, text, messages.WARNING)
            return None
        form = TypedForm(people, request.POST if "typed" in request.POST else None)
        if form.is_valid():
            return self._erase(request, people, form)
        return self._ask(request, people, form, None, request.get_full_path())

    def _ask(
        self, request: HttpRequest, people: list[Contact], form: TypedForm, tally: Any, back: str
    ) -> TemplateResponse:
        is_action = "action" in request.POST
        context = self.admin_site.each_context(request) | {
            "title": _g("Erase for good"),
            "opts": self.model._meta,
            "people": people,
            "form": form,
            "going": wording.lines(tally.counts, stays=False) if tally else [],
            "staying": wording.lines(tally.counts, stays=True) if tally else [],
            "checkbox_name": ACTION_CHECKBOX_NAME,
            "is_action": is_action,
            "sent_to": self.page("changelist") if is_action else "",
            "back": back,
        }
        return TemplateResponse(request, "contacts/privacy/erase.html", context)

    def _erase(self, request: HttpRequest, people: list[Contact], form: TypedForm) -> HttpResponse:
        reason = form.cleaned_data["reason"]
        done = [one for one in people if privacy.erase(one.pk, by=request.user, reason=reason)]
        self.tell(
            request, len(done), ngettext_lazy("%(count)d person was erased.", "%(count)d people were erased.", "count")
        )
        return HttpResponseRedirect(self.page("changelist"))


@admin.register(Erasure)
class ErasureAdmin(ReadOnlyAdmin):
    """That somebody was erased, never who."""

    empty_text = _(
        "Nobody has been erased yet. It is done on the page of a contact; here it is recorded that it was, never of whom."
    )
    list_display = ("at", "by", "reason", "total")
    list_select_related = ("by",)
    fields = ("at", "by", "reason", "rows")
    readonly_fields = ("rows",)

    @admin.display(description=_("rows"))
    def total(self, erasure: Erasure) -> int:
        return sum(erasure.counts.values())

    @admin.display(description=_("what went, or stayed without a name"))
    def rows(self, erasure: Erasure) -> str:
        every = [*wording.lines(erasure.counts, stays=False), *wording.lines(erasure.counts, stays=True)]
        return " · ".join(labelled(label, count) for label, count in every)


def _living(pk: int) -> Contact:
    contact = Contact.objects.filter(pk=pk).first()
    if contact is None:
        raise Http404
    return merging.become(contact)
