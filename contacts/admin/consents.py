"""Consent in the admin: what is asked for and in which words, who said what, and who asked for their data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext, ngettext_lazy
from unfold.decorators import display
from unfold.widgets import UnfoldAdminRadioSelectWidget, UnfoldAdminTextareaWidget

from contacts import consent_policies, consent_texts, merging
from contacts.admin_base import BaremeAdmin, ReadOnlyAdmin, guarded, note
from contacts.models import Consent, ConsentPolicy, ConsentText, Contact, DataRequest, Purpose
from contacts.privacy import links
from contacts.remarks import Remark
from contacts.wording import labelled

MODES = [
    ("required", _("Ask first: nothing without an explicit yes")),
    ("assumed", _("Assumed until the person refuses")),
]
MEANS = {
    Purpose.WEB_TRACKING: _("Page views of your website and landing pages, and the cookie that recognises a browser."),
    Purpose.EMAIL_TRACKING: _("The picture in a mail that tells that it was opened."),
    Purpose.LINK_TRACKING: _("Links in mails and SMS that tell that they were followed. They lead on in any case."),
    Purpose.PROFILING: _("Points and scores. Without it a person has none, and no trigger fires for them."),
}


class AskingForm(forms.Form):
    """What is asked for each purpose, and in which words in each language."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        required = consent_policies.required()
        shown = {code: consent_texts.current(code) for code, _name in settings.LANGUAGES}
        self.parts = [self._part(purpose, purpose in required, shown) for purpose in Purpose]

    def _part(self, purpose: Purpose, is_required: bool, shown: dict[str, dict[str, consent_texts.Shown]]) -> Part:
        mode = f"{purpose.value}-mode"
        self.fields[mode] = forms.ChoiceField(
            label=_("If nothing was said"),
            choices=MODES,
            initial="required" if is_required else "assumed",
            widget=UnfoldAdminRadioSelectWidget,
        )
        texts = []
        for code, name in settings.LANGUAGES:
            text, key = shown[code][purpose], f"{purpose.value}-{code}"
            self.fields[key] = forms.CharField(
                label=_("Text in %(language)s") % {"language": name},
                max_length=2000,
                initial=text.text,
                widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
                help_text=_("Version %(number)d") % {"number": text.version}
                if text.version
                else _("The text we come with"),
            )
            texts.append(self[key])
        return Part(purpose, MEANS[purpose], self[mode], texts)

    def save(self, author: Any) -> bool:
        """Put what was changed into force; True if anything was."""
        changed = False
        with transaction.atomic():
            for purpose in Purpose:
                is_required = self.cleaned_data[f"{purpose.value}-mode"] == "required"
                changed |= consent_policies.decide(purpose.value, is_required, author)
                for code, _name in settings.LANGUAGES:
                    key = f"{purpose.value}-{code}"
                    if key in self.changed_data:
                        consent_texts.write(purpose.value, code, self.cleaned_data[key], author)
                        changed = True
        return changed


@dataclass(frozen=True)
class Part:
    purpose: Purpose
    means: Any
    mode: forms.BoundField
    texts: list[forms.BoundField]


@admin.register(ConsentPolicy)
class ConsentPolicyAdmin(BaremeAdmin):
    """One page instead of a list: the settings in force, and below it how they came about."""

    @guarded("view")
    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        may_change = self.has_add_permission(request)
        form = AskingForm(request.POST if request.method == "POST" and may_change else None)
        if request.method == "POST" and may_change and form.is_valid():
            if form.save(request.user):
                self.message_user(request, _g("Saved. It holds from now on."), messages.SUCCESS)
            return HttpResponseRedirect(request.path)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Consent"),
            "opts": self.model._meta,
            "form": form,
            "may_change": may_change,
            "decisions": ConsentPolicy.objects.select_related("author")[:20],
            "texts": ConsentText.objects.select_related("author").order_by("-since", "-pk")[:20],
        }
        return TemplateResponse(request, "contacts/consent_settings.html", context)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class YesOrNo(admin.SimpleListFilter):
    title = _("answer")
    parameter_name = "granted"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("Yes")), ("no", _("No")), ("confirmed", _("Yes, confirmed by mail"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Consent]) -> QuerySet[Consent]:
        if self.value() == "confirmed":
            return queryset.filter(granted=True, asked_at__isnull=False)
        return queryset.filter(granted=self.value() == "yes") if self.value() in ("yes", "no") else queryset


@admin.register(Consent)
class ConsentAdmin(ReadOnlyAdmin):
    """Every answer with its proof. Nobody enters one here: a consent is given by the person it is about."""

    empty_text = _("Nobody has answered about consent yet.")
    list_display = ("at", "who", "purpose", "answer", "version", "source", "ip")
    list_filter = ("purpose", YesOrNo)
    list_select_related = ("contact", "shown")
    search_fields = ("contact__email",)
    search_help_text = _("Email")
    ordering = ("-id",)
    fields = ("contact", "purpose", "granted", "text", "shown", "source", "ip", "asked_at", "given_at")

    class Media:
        css: ClassVar = {"all": ["contacts/contacts.css"]}

    @display(description=_("given"), ordering="id")
    def at(self, consent: Consent) -> Any:
        return consent.given_at

    @display(description=_("contact"))
    def who(self, consent: Consent) -> str:
        url = consent.contact.get_absolute_url()
        return format_html('<a class="contact-link" href="{}">{}</a>', url, consent.contact)

    @display(description=_("answer"), label={"yes": "success", "no": "danger"})
    def answer(self, consent: Consent) -> tuple[str, Any]:
        if consent.granted:
            return "yes", _("Yes, confirmed") if consent.asked_at else _("Yes")
        return "no", _("No")

    @display(description=_("words that were shown"))
    def version(self, consent: Consent) -> Any:
        """Which words were shown: a version of ours, those we come with, or the site's or form's own."""
        if consent.shown:
            return f"{consent.shown.version} · {consent.shown.get_language_display()}"
        if not consent.text:
            return "–"
        title = (
            _("Bareme’s standard text")
            if consent_texts.is_default(consent.purpose, consent.text)
            else _("The words of the form or site")
        )
        return format_html('<span title="{}">{}</span>', labelled(_("What the person read"), consent.text), title)


LINKS_AT_ONCE = 20


class Open(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("open", _("Waiting")), ("done", _("Done"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[DataRequest]) -> QuerySet[DataRequest]:
        if self.value() in ("open", "done"):
            return queryset.filter(done_at__isnull=self.value() == "open")
        return queryset


@admin.register(DataRequest)
class DataRequestAdmin(BaremeAdmin):
    empty_text = _(
        "Nobody has asked for a copy of their data or for its erasure. Who does, on the page that mails lead to, is listed here."
    )
    list_display = ("asked_at", "who", "kind", "state", "done_by")
    list_filter = (Open, "kind")
    list_select_related = ("contact", "done_by")
    search_fields = ("contact__email",)
    search_help_text = _("Email")
    readonly_fields = ("contact", "kind", "source", "ip", "asked_at", "done_at", "done_by")
    actions = ("make_links", "erase_those", "note_done")

    class Media:
        css: ClassVar = {"all": ["contacts/contacts.css"]}

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @display(description=_("contact"))
    def who(self, asked: DataRequest) -> str:
        url = asked.contact.get_absolute_url()
        return format_html('<a class="contact-link" href="{}">{}</a>', url, asked.contact)

    @display(description=_("state"), label={"open": "warning", "done": "success"})
    def state(self, asked: DataRequest) -> tuple[str, Any]:
        return ("done", _("Done")) if asked.done_at else ("open", _("Waiting"))

    def has_hand_out_permission(self, request: HttpRequest) -> bool:
        return bool(self.has_change_permission(request) and request.user.has_perm("contacts.export_person"))

    @admin.action(description=_("Make links to the copies asked for"), permissions=["hand_out"])
    def make_links(self, request: HttpRequest, chosen: QuerySet[DataRequest]) -> None:
        asked = list(chosen.filter(kind=DataRequest.Kind.EXPORT).select_related("contact"))
        for one in asked[:LINKS_AT_ONCE]:
            said = {"contact": one.contact, "link": links.link(one.contact), "days": links.DAYS}
            text = _g("For %(contact)s alone, good for %(days)d days: %(link)s") % said
            self.message_user(request, text, messages.SUCCESS)
            note(request, [one.contact], Remark(_("A link to the copy was made.")))
        if not asked:
            self.message_user(request, _g("None of these asked for a copy."), messages.WARNING)
        if (left := len(asked) - LINKS_AT_ONCE) > 0:
            text = ngettext("%(count)d more waits for its link.", "%(count)d more wait for their links.", left)
            self.message_user(request, text % {"count": left}, messages.WARNING)

    def has_erase_permission(self, request: HttpRequest) -> bool:
        return bool(self.has_change_permission(request) and request.user.has_perm("contacts.erase_person"))

    @admin.action(description=_("Erase those who asked for it …"), permissions=["erase"])
    def erase_those(self, request: HttpRequest, chosen: QuerySet[DataRequest]) -> HttpResponse | None:
        """The page that asks to be sure, as for contacts chosen in their own list; it is sent there, too."""
        asked = chosen.filter(kind=DataRequest.Kind.ERASURE).select_related("contact")
        ids = {merging.become(one.contact).pk for one in asked}
        if ids:
            contacts: Any = self.admin_site.get_model_admin(Contact)
            asking: HttpResponse | None = contacts.ask_to_erase(request, sorted(ids))
            return asking
        self.message_user(request, _g("None of these asked to be erased."), messages.WARNING)
        return None

    @admin.action(description=_("Note that they are done"), permissions=["change"])
    def note_done(self, request: HttpRequest, chosen: QuerySet[DataRequest]) -> None:
        count = chosen.filter(done_at=None).update(done_at=timezone.now(), done_by=request.user)
        self.tell(request, count, ngettext_lazy("%(count)d request is done.", "%(count)d requests are done.", "count"))
