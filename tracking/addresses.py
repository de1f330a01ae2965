"""The public addresses of what we serve, as they stand in mails, embed codes and the admin."""

from __future__ import annotations

from django.conf import settings
from django.urls import reverse

from tracking import tokens
from tracking.models import Asset, Form, LandingPage

# What the tokens of these addresses are good for: part of every mail already sent, so never change one.
OPEN = "open"
CLICK = "click"
CLICK_TO = "click-to"

SHORT = 48  # characters of a token that says only whose copy of what it is
LONGEST_TARGET = 600  # bytes: mail programs cut long lines and long mails


def public(path: str) -> str:
    """The full address of a path of ours, as the world reaches it."""
    return settings.PUBLIC_URL.rstrip("/") + path


def opened(ref: tokens.Ref) -> str:
    """The open pixel of one contact's copy of an email; `ref.subject_id` is the email's subject."""
    return public(reverse("tracking:open", args=[tokens.sign_ref(OPEN, ref)]))


def clicked(ref: tokens.Ref, target: str = "") -> str:
    """The tracked address of a link in one contact's copy of a message; `ref.subject_id` is the Link's subject.

    An email's link carries its `target`, so that it leads there also while the database is away. An SMS's does not: it is
    paid by its length, and its target is looked up.
    """
    carried = target and len(target.encode()) <= LONGEST_TARGET
    token = tokens.sign_target(CLICK_TO, ref, target) if carried else tokens.sign_ref(CLICK, ref)
    return public(reverse("tracking:click", args=[token]))


def read_click(token: str) -> tuple[tokens.Ref, str]:
    """What `clicked()` wrote: whose copy of which link, and where it leads, "" where that is to be looked up."""
    if len(token) > SHORT:
        return tokens.unsign_target(CLICK_TO, token)
    return tokens.unsign_ref(CLICK, token), ""


def form(form: Form) -> str:
    return public(reverse("tracking:form", args=[form.public_id]))


def form_script(form: Form) -> str:
    return public(reverse("tracking:form_script", args=[form.public_id]))


def landing_page(page: LandingPage) -> str:
    return public(landing_path(page))


def landing_path(page: LandingPage) -> str:
    return reverse("tracking:landing_page", args=[page.slug])


def asset(asset: Asset) -> str:
    return public(reverse("tracking:asset", args=[asset.public_id]))


def script() -> str:
    return public(reverse("tracking:script"))


def banner() -> str:
    return public(reverse("tracking:banner"))


def site_pixel() -> str:
    return public(reverse("tracking:site_pixel"))
