"""Live previews of emails and SMS: what is in the form now, for a contact, drawn by the same code that sends."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _

from campaigns import sms as gateway
from campaigns import texting
from campaigns.mail import fields, html, render
from campaigns.models import Email, Sms
from contacts.models import Company, Contact
from contacts.numerals import number_in

CHOICES = 15
# Drawn apart from the admin: no script, no form, no way out of the frame.
POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src https: http: data:; font-src https: data:"


def sample() -> Contact:
    """Somebody who has everything, for previews before there are contacts."""
    return Contact(
        email="camille@example.com",
        first_name="Camille",
        last_name="Durand",
        phone="+33612345678",
        job_title=_("Head of marketing"),
        city="Lyon",
        country="FR",
        company=Company(name="Lumen", city="Lyon", country="FR"),
    )


def contacts() -> list[Contact]:
    """The contacts a preview can be drawn for: the newest."""
    return list(Contact.objects.filter(merged_into=None).order_by("-pk")[:CHOICES])


def chosen(request: HttpRequest) -> Contact:
    pk = request.POST.get("preview_contact") or ""
    found = Contact.objects.select_related("company", "owner", "stage").filter(pk=number_in(pk)).first()
    return found or sample()


def email(request: HttpRequest) -> JsonResponse:
    """Subject, HTML and text of the email in the posted form; or what is wrong with it."""
    names = ("subject_line", "preheader", "html", "text", "from_name", "from_email", "language")
    draft = Email(**{name: request.POST.get(name, "") for name in names})
    try:
        fields.validate_header(draft.subject_line)
        html.validate(draft.html)
        fields.validate(draft.text)
    except ValidationError as error:
        return JsonResponse({"errors": error.messages})
    rendered = render.email(draft, chosen(request), extra={name: f"#{name}" for name in render.WAYS_OUT})
    return JsonResponse({"title": rendered.title, "html": framed(rendered.html), "text": rendered.text})


def sms(request: HttpRequest) -> JsonResponse:
    """The SMS in the posted form, and how long it is."""
    draft = Sms(body=request.POST.get("body", ""))
    try:
        fields.validate(draft.body)
    except ValidationError as error:
        return JsonResponse({"errors": error.messages})
    text = texting.preview(draft, chosen(request))
    return JsonResponse({"text": text, "length": length(text)})


def length(text: str) -> str:
    """“143 of 160 characters (GSM), 1 SMS”."""
    found = gateway.length(text)
    values = {"units": found.units, "encoding": found.encoding, "segments": found.segments}
    return _("%(units)d characters (%(encoding)s), %(segments)d SMS") % values


def framed(document: str) -> str:
    """The document for a sandboxed frame: its links lead nowhere, so that looking at a mail clicks nothing."""
    return document.replace("</head>", "<style>a{pointer-events:none}</style></head>", 1)


def frame(document: str) -> HttpResponse:
    """The document as a page that can only be looked at, for an iframe of the admin."""
    response = HttpResponse(framed(document))
    response["Content-Security-Policy"] = f"{POLICY}; frame-ancestors 'self'"
    response["X-Frame-Options"] = "SAMEORIGIN"
    return response


def panel(kind: str, address: str) -> dict[str, Any]:
    """The context of the preview below a form."""
    return {
        "preview_kind": kind,
        "preview_url": address,
        "preview_contacts": contacts(),
        "preview_fields": fields.known(),
    }
