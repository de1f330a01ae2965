"""A person's data from the contact pages: hand out a copy, make a link to it, erase for good."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy
from django.views.decorators.http import require_POST
from kombu.exceptions import OperationalError
from unfold.decorators import action
from unfold.widgets import UnfoldAdminTextInputWidget

from contacts import merging, privacy
from contacts.admin_base import BaremeAdmin, guarded, note
from contacts.fields import normalise_email
from contacts.models import Contact
from contacts.numerals import number_in
from contacts.privacy import answer, several, wording
from contacts.remarks import Remark
from contacts.tasks import carry_erasures
from contacts.wording import whole

ERASED = ngettext_lazy("%(count)d person was erased.", "%(count)d people were erased.", "count")
SHOWN = 100  # people named on the page that asks
BETWEEN = str.maketrans("", "", " \u00a0\u202f.,'’")  # what people write between thousands
logger = logging.getLogger(__name__)


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

    def __init__(self, wanted: str, label: str, read: Callable[[str], str | None], *args: Any) -> None:
        super().__init__(*args)
        self.wanted, self.read = wanted, read
        self.fields["typed"].label = label

    @classmethod
    def of_one(cls, contact: Contact, data: Any = None) -> TypedForm:
        wanted = contact.email or str(contact)
        return cls(wanted, _g("Type %(email)s to go on") % {"email": wanted}, normalise_email, data)

    @classmethod
    def of_several(cls, count: int, data: Any = None) -> TypedForm:
        label = _g("Type the number of contacts, %(count)s, to go on") % {"count": count}
        return cls(str(count), label, lambda typed: typed.translate(BETWEEN), data)

    def clean_typed(self) -> str:
        typed: str = self.cleaned_data["typed"]
        if (self.read(typed) or "") != (self.read(self.wanted) or ""):
            raise forms.ValidationError(_("This is not the same. Nothing was erased."))
        return typed


class Privacy(BaremeAdmin):  # type: ignore[misc,unused-ignore]
    """What the contact admin has for a person's data."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("<int:pk>/copy/", view(require_POST(self.copy)), name="contacts_contact_copy"),
            path("<int:pk>/erase/", view(self.erase), name="contacts_contact_erase"),
            path("erase/", view(require_POST(self.erase_several)), name="contacts_contact_erase_several"),
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
        form = TypedForm.of_one(contact, request.POST if request.method == "POST" else None)
        if form.is_valid():
            done = privacy.erase(contact.pk, by=request.user, reason=form.cleaned_data["reason"])
            self.tell(request, 1 if done else 0, ERASED)
            return HttpResponseRedirect(self.page("changelist"))
        return self._ask_for_one(request, contact, form)

    @guarded("erase")
    def erase_several(self, request: HttpRequest) -> HttpResponse:
        """POST with the number typed lets them wait for a worker, and leads to the page that shows how far it is."""
        ids = _ids(request.POST.get("people", ""))
        form = TypedForm.of_several(len(ids), request.POST)
        if not ids or len(ids) > several.MOST or not form.is_valid():
            return self.ask_to_erase(request, ids, form) or HttpResponseRedirect(self.page("changelist"))
        run = several.ask(ids, by=request.user, reason=form.cleaned_data["reason"])
        if run is None:
            return self._nobody_new(request, ids)
        asked = Remark.counted("%(count)d person is to be erased.", "%(count)d people are to be erased.", run.total)
        note(request, [run], asked)
        ring()
        return HttpResponseRedirect(run.get_absolute_url())

    @action(description=_("Erase for good …"), permissions=["erase"])
    def erase_chosen(self, request: HttpRequest, queryset: QuerySet[Contact]) -> HttpResponse | None:
        return self.ask_to_erase(
            request, list(queryset.order_by("pk").values_list("pk", flat=True)[: several.MOST + 1])
        )

    def ask_to_erase(
        self, request: HttpRequest, ids: Sequence[int], form: TypedForm | None = None
    ) -> HttpResponse | None:
        """The page that asks to be sure, whatever list they were chosen in; None, with a sentence, where there are too many."""
        if len(ids) > several.MOST:
            most = whole(several.MOST)
            text = _g("At most %(count)s people can be erased at once. Choose fewer, and the others afterwards.")
            self.message_user(request, text % {"count": most}, messages.WARNING)
            return None
        people = list(Contact.objects.filter(pk__in=ids[:SHOWN]).order_by("pk"))
        if not people:
            self.message_user(request, _g("Nobody was chosen, or they are gone."), messages.WARNING)
            return None
        if len(ids) == 1:
            return self._ask_for_one(request, people[0], TypedForm.of_one(people[0]))
        context = {
            "people": people,
            "count": len(ids),
            "unnamed": max(len(ids) - SHOWN, 0),
            "ids": ",".join(map(str, ids)),
            "form": form or TypedForm.of_several(len(ids)),
            "sent_to": self.page("erase_several"),
            "back": self.page("changelist") if form else request.get_full_path(),
        }
        return self._asking(request, context)

    def _ask_for_one(self, request: HttpRequest, contact: Contact, form: TypedForm) -> TemplateResponse:
        tally = privacy.count(contact.pk)
        context = {
            "people": [contact],
            "count": 1,
            "form": form,
            "going": wording.lines(tally.counts, stays=False) if tally else [],
            "staying": wording.lines(tally.counts, stays=True) if tally else [],
            "sent_to": self.page("erase", contact.pk),
            "back": contact.get_absolute_url(),
        }
        return self._asking(request, context)

    def _asking(self, request: HttpRequest, context: dict[str, Any]) -> TemplateResponse:
        shared = self.admin_site.each_context(request) | {"title": _g("Erase for good"), "opts": self.model._meta}
        return TemplateResponse(request, "contacts/privacy/erase.html", shared | context)

    def _nobody_new(self, request: HttpRequest, ids: Sequence[int]) -> HttpResponse:
        """It was pressed twice, or somebody else was faster."""
        if run := several.asked_before(ids):
            self.message_user(request, _g("They wait to be erased already: here is how far it is."), messages.WARNING)
            return HttpResponseRedirect(run.get_absolute_url())
        self.message_user(request, _g("They were erased already."), messages.WARNING)
        return HttpResponseRedirect(self.page("changelist"))


def _living(pk: int) -> Contact:
    contact = Contact.objects.filter(pk=pk).first()
    if contact is None:
        raise Http404
    return merging.become(contact)


def _ids(text: str) -> list[int]:
    """The numbers of contacts, as the page that asks sends them: with commas between."""
    return sorted({number for one in text.split(",") if (number := number_in(one))})


def ring() -> None:
    """Tell a worker that people wait to be erased."""
    try:
        carry_erasures.delay()
    except OperationalError:
        logger.exception("the worker could not be rung; the clock will")
