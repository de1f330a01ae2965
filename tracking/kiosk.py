"""Kiosks: forms that staff fill in for others, on one device for many people. Nobody is recognised in such a browser."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponseBase

from tracking import addresses, browsers, tokens
from tracking.models import Form

PARAMETER = "kiosk"
PURPOSE = "kiosk"
SECONDS = 6  # the thanks stay; then the form is there for the next one


def url(form: Form) -> str:
    """The address of any form as a kiosk: signed, so that nobody else turns recognition off for a marketer's visitors."""
    return f"{addresses.form(form)}?{urlencode({PARAMETER: tokens.sign(PURPOSE, form.pk)})}"


def is_on(request: HttpRequest, form: Form) -> bool:
    return form.is_kiosk or bool(signed(request, form))


def signed(request: HttpRequest, form: Form) -> str:
    """The token by which the address makes a kiosk of the form, "" without one or with a forged one."""
    token = request.GET.get(PARAMETER, "")
    try:
        return token if token and tokens.unsign(PURPOSE, token) == (form.pk,) else ""
    except tokens.BadToken:
        return ""


def forgets(request: HttpRequest, form: Form) -> bool:
    """Must the browser not be taken for the person the form is about? Neither in a kiosk nor where our own people fill it in."""
    return is_on(request, form) or browsers.is_ignored(request)


def begin_again(response: HttpResponseBase, address: str) -> None:
    """Show the empty form again after a moment."""
    response["Refresh"] = f"{SECONDS}; url={address}"
