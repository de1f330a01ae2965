"""The script of the marketer's site, and the beacon as Django answers it (see `tracking.edge.reading`)."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseBase

from contacts import consent_policies
from tracking import browsers
from tracking.edge import reading
from tracking.edge.hotpath import is_away
from tracking.views import answers
from tracking.views.answers import open_to_all, public
from tracking.views.signals import given

STATIC = Path(__file__).resolve().parent.parent / "static" / "tracking"


@cache
def source(name: str) -> str:
    return (STATIC / name).read_text(encoding="utf-8")


@cache
def squeezed(name: str) -> str:
    """A script or a style of ours without comments and indents: what other sites load stays small."""
    text = re.sub(r"^/\*.*?\*/", "", source(name), flags=re.DOTALL)
    lines = [line.strip() for line in text.splitlines()]
    text = "\n".join(line for line in lines if line and not line.startswith("//"))
    return re.sub(r"(?<=[{;,:])\s+|\s+(?=\{)|;?\s*(?=\})", "", text) if name.endswith(".css") else text


@public("GET", "HEAD")
def script(request: HttpRequest) -> HttpResponse:
    """The script of the marketer's site, told whether it must wait for consent."""
    try:
        consent_policies.required()  # so that this process hears of changes: what follows never asks
        must_ask, max_age = browsers.consent_required(), 3600
    except (OperationalError, InterfaceError):  # nobody knows what holds: the site goes on, and asks
        must_ask, max_age = True, 0
    text = squeezed("bareme.js").replace("__CONSENT_REQUIRED__", "true" if must_ask else "false")
    return answers.script(text, max_age=max_age)


@open_to_all
@public("POST")
def beacon(request: HttpRequest) -> HttpResponseBase:
    return answers.unavailable(request) if is_away(request.META) else given(reading.beacon(request))
