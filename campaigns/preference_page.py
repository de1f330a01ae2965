"""The preference page: reached from each message, without a password or a script, it says and changes what a person allows."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from campaigns import views
from campaigns.mail.links import PREFERENCES
from contacts import choices
from contacts.models import Channel, Contact, DataRequest
from contacts.remarks import Remark
from tracking import browsers, tokens
from tracking.doorbell import ring
from tracking.tokens import Ref
from tracking.views import answers
from tracking.views.answers import public
from tracking.views.drawing import speaking

SAVED, SAME, ASKED = "saved", "same", "asked"  # what an address may say was done


@public("GET", "HEAD", "POST")
def preferences(request: HttpRequest, token: str) -> HttpResponse:
    """GET shows how things stand; POST saves, each answer with its text, time, source and shortened address."""
    try:
        ref = tokens.unsign_ref(PREFERENCES, token)
    except tokens.BadToken:
        return answers.not_found(request)
    contact = views.contact_of(ref.contact_id)
    wanted = request.GET.get("lang", "")
    with speaking(wanted if wanted in dict(settings.LANGUAGES) else views.language_of(ref, contact)):
        if request.method == "POST" and contact:
            done = _save(request, contact, ref)
            ring()
            return _back(request, done)
        return _page(request, contact, is_test=ref.contact_id == 0)


def _save(request: HttpRequest, contact: Contact, ref: Ref) -> str:
    source, ip = Remark(gettext_lazy("Preference page")), browsers.shortened_ip(request)
    if (kind := request.POST.get("ask", "")) in DataRequest.Kind.values:
        DataRequest.objects.get_or_create(
            contact=contact, kind=kind, done_at=None, defaults={"source": source, "ip": ip}
        )
        return ASKED
    open_choices = choices.of(contact, get_language() or settings.LANGUAGE_CODE).open
    shown = set(request.POST.getlist("shown"))
    on: Collection[str] = () if "nothing" in request.POST else request.POST.getlist("on")
    asked = open_choices if "nothing" in request.POST else [one for one in open_choices if one.is_answered(shown, on)]
    if not asked and "nothing" not in request.POST:
        return SAME
    with transaction.atomic():
        if Channel.EMAIL in choices.save(contact, asked, on, source, ip):
            views.note_unsubscribed(ref)
        if old := Contact.objects.filter(pk=ref.contact_id, merged_into__isnull=False).first():
            choices.save(old, asked, on, source, ip)  # so that it holds for whom the mail was, were the merge undone
    return SAVED


def _back(request: HttpRequest, done: str) -> HttpResponse:
    """To the page again by GET, so that reloading it sends nothing twice."""
    language = request.GET.get("lang", "")
    query = f"?done={done}" + (f"&lang={language}" if language in dict(settings.LANGUAGES) else "")
    response = HttpResponseRedirect(request.path + query)
    response.status_code = 303
    response["Cache-Control"] = "no-store"
    return response


def _page(request: HttpRequest, contact: Contact | None, *, is_test: bool) -> HttpResponse:
    language = get_language() or settings.LANGUAGE_CODE
    context: dict[str, Any] = {
        "title": _("What you allow"),
        "contact": contact,
        "is_test": is_test,
        "done": request.GET.get("done", "") if contact else "",
        "languages": [(code, name) for code, name in LANGUAGES if code != language],
    }
    if contact:
        waiting = DataRequest.objects.filter(contact=contact, done_at=None)
        context |= {
            "choices": choices.of(contact, language),
            "waiting": dict(waiting.values_list("kind", "asked_at")),
            "refuses": browsers.refuses(request),
        }
    return answers.page(request, "campaigns/preferences.html", context)


LANGUAGES = (("en", "English"), ("fr", "Français"))  # each in its own words
