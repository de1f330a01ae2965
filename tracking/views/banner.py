"""The consent banner of the marketer's site: a script with its texts in every language we speak."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.translation import gettext as _

from contacts import consent_texts
from contacts.models import Purpose
from tracking.views import answers
from tracking.views.answers import public
from tracking.views.beacon import source
from tracking.views.forms import in_script


@public("GET", "HEAD")
def banner(request: HttpRequest) -> HttpResponse:
    config = {"css": source("banner.css"), "texts": {code: _texts(code) for code, _name in settings.LANGUAGES}}
    return answers.script(source("banner.js").replace("__CONFIG__", in_script(config)), max_age=300)


def _texts(language: str) -> dict[str, Any]:
    shown = consent_texts.current(language)[Purpose.WEB_TRACKING]
    with translation.override(language):
        return {
            "language": language,
            "version": shown.version,
            "text": shown.text,
            "title": _("May we remember your visit?"),
            "accept": _("Accept"),
            "refuse": _("Refuse"),
            "privacy": _("More about privacy"),
            "granted": _("At present you accept."),
            "denied": _("At present you refuse."),
        }
