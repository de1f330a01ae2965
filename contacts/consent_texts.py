"""What people are asked: the texts in force by purpose and language, each with the version that a consent names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from contacts import sql
from contacts.models import ConsentText, Purpose

# Until the marketer writes their own.
DEFAULTS: Mapping[str, Any] = {
    Purpose.WEB_TRACKING: _("We remember which pages of our website you visit, to tell you about what interests you."),
    Purpose.EMAIL_TRACKING: _("We note whether you open our emails, so that you get fewer of those you do not read."),
    Purpose.LINK_TRACKING: _("We note which links in our emails and text messages you follow."),
    Purpose.PROFILING: _("We work out from all this how much our offers may interest you (a score)."),
}


@dataclass(frozen=True)
class Shown:
    """A text as it is shown now; `row` None: the one we come with."""

    text: str
    row: ConsentText | None

    @property
    def version(self) -> int:
        return self.row.version if self.row else 0


def current(language: str) -> dict[str, Shown]:
    """The texts of this language, by purpose."""
    rows = ConsentText.objects.filter(language=language).order_by("purpose", "-version").distinct("purpose")
    own = {row.purpose: row for row in rows}
    with translation.override(language):
        return {
            purpose: Shown(own[purpose].text if purpose in own else str(DEFAULTS[purpose]), own.get(purpose))
            for purpose in Purpose.values
        }


def said(purpose: str, language: str, version: int | None) -> str:
    """The words of a version, 0 being the one we come with; "" where there is no such version."""
    if version is None or language not in dict(settings.LANGUAGES) or purpose not in DEFAULTS:
        return ""
    if version:
        row = ConsentText.objects.filter(purpose=purpose, language=language, version=version).first()
        return row.text if row else ""
    with translation.override(language):
        return str(DEFAULTS[purpose])


def is_default(purpose: str, text: str) -> bool:
    """Is this what we come with, in any language?"""
    return any(text == said(purpose, code, 0) for code, _name in settings.LANGUAGES)


def write(purpose: str, language: str, text: str, author: Any = None) -> ConsentText:
    """Put a text into force; the same text again makes no new version."""
    with transaction.atomic():
        sql.lock_consent()
        rows = ConsentText.objects.filter(purpose=purpose, language=language)
        latest = rows.order_by("-version").first()
        if latest and latest.text == text:
            return latest
        version = latest.version + 1 if latest else 1
        return ConsentText.objects.create(purpose=purpose, language=language, version=version, text=text, author=author)


def versions_of(said: Iterable[tuple[str, str]]) -> dict[tuple[str, str], ConsentText]:
    """Which versions these texts are, by purpose and text, the latest where several say the same; one query."""
    texts = {text for _purpose, text in said if text}
    rows = ConsentText.objects.filter(text__in=texts).order_by("since", "pk") if texts else []
    return {(row.purpose, row.text): row for row in rows}
