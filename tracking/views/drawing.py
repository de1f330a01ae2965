"""A form as visitors see it: the same markup on its own page, in a frame, by script, on a landing page and as plain HTML."""

from __future__ import annotations

import contextlib
import secrets
import uuid
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from tracking import addresses, browsers, formfields, kiosk, nonces, payload, progressive
from tracking.markup import Tree, tree
from tracking.models import Form
from tracking.nonces import Sent
from tracking.posting import HONEYPOT, Posted

TEMPLATE = "tracking/form/form.html"


@dataclass(frozen=True)
class Thanks:
    """What a visitor sees after sending."""

    title: str
    message: str
    confirm: str = ""  # what is left to do: to look into the mailbox
    redirect_url: str = ""
    redirect_name: str = ""
    download_url: str = ""
    download_name: str = ""


def speaking(language: str) -> contextlib.AbstractContextManager[Any]:
    """In this language if it is one of ours, else in the visitor's."""
    return translation.override(language) if language in dict(settings.LANGUAGES) else contextlib.nullcontext()


def new_uid() -> str:
    """Keeps the ids of two drawings on one page apart."""
    return secrets.token_hex(3)


def drawn(
    form: Form,
    *,
    action: str,
    posted: Posted | None = None,
    page_url: str = "",
    request: HttpRequest | None = None,
    visitor_id: uuid.UUID | None = None,
) -> dict[str, Any]:
    """The context of a form to fill in on `page_url`; with `posted`, filled in as it was, with its errors.

    `request` is that of the page it stands on: its address may fill hidden fields, its visitor may be known.
    """
    is_kiosk = form.is_kiosk or bool(request and kiosk.signed(request, form))
    if posted:
        answers = posted.answers
    else:
        visitor = visitor_id or (_visitor(request, form) if request else None)
        query = request.GET.dict() if request else {}
        left_out = frozenset() if is_kiosk else progressive.left_out(form, visitor)
        answers = formfields.build(form, left_out=left_out, query=query)
    if is_kiosk:
        formfields.for_a_kiosk(answers)
    elif request:
        answers.is_followed = browsers.may_follow(request)
    return {
        "form": form,
        "answers": answers,
        "error": posted.error if posted else "",
        "action": action,
        "nonce": nonces.nonce(form, answers.left_out),
        "page_url": page_url if payload.is_web_address(page_url) else "",
        "honeypot": HONEYPOT,
        "uid": form.public_id,
    }


def _visitor(request: HttpRequest, form: Form) -> uuid.UUID | None:
    return None if kiosk.forgets(request, form) else browsers.visitor_id(request)


def fragment(form: Form, action: str, visitor_id: uuid.UUID | None = None) -> Tree:
    """The form alone, for a script to put in its place."""
    uid = new_uid()
    left_out = frozenset() if form.is_kiosk else progressive.left_out(form, visitor_id)
    answers = formfields.build(form, uid=uid, left_out=left_out)
    if form.is_kiosk:
        formfields.for_a_kiosk(answers)
    context = {
        "form": form,
        "answers": answers,
        "action": action,
        "nonce": nonces.nonce(form, answers.left_out),
        "honeypot": HONEYPOT,
        "uid": uid,
    }
    return tree(render_to_string(TEMPLATE, context))


def plain_html(form: Form) -> str:
    """The HTML a marketer copies into a page of their own: no script, no style, no nonce but the form's own token."""
    context = {
        "form": form,
        "answers": formfields.build(form),
        "action": addresses.form(form),
        "token": nonces.form_token(form),
        "honeypot": HONEYPOT,
        "uid": form.public_id,
    }
    with speaking(form.language):
        text = render_to_string(TEMPLATE, context)
    return "\n".join(line.rstrip() for line in text.splitlines() if line.strip())


def thanks(request: HttpRequest, form: Form, sent: Sent) -> Thanks:
    confirm = confirmation(form, sent)
    message = form.thank_you_message or ("" if confirm else _("We have received your answers."))
    title = _("Thank you!")
    if form.thank_you == Form.ThankYou.REDIRECT and payload.is_web_address(form.redirect_url):
        return Thanks(title, message, confirm, redirect_url=form.redirect_url, redirect_name=_("Continue"))
    if form.thank_you == Form.ThankYou.ASSET and form.asset and form.asset.is_active:
        path = reverse("tracking:asset", args=[form.asset.public_id])
        url = request.build_absolute_uri(f"{path}?g={nonces.grant(form.asset, sent.visitor_id)}")
        return Thanks(title, message, confirm, download_url=url, download_name=form.asset.name)
    return Thanks(title, message, confirm)


def confirmation(form: Form, sent: Sent) -> str:
    """What whoever agreed to something is told where that has to be confirmed; "" where nothing has to be."""
    if not sent.confirms:
        return ""
    usual = _("Please look into your mailbox: one click on the link in our mail confirms what you agreed to.")
    return form.confirm_message or usual
