"""Does a post look like spam? It is then kept aside with the reasons, for a person to decide; nothing is refused for it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from tracking.models import FormField

Type = FormField.Type
MAX_LINKS = 3
LINK = re.compile(r"https?://|www\.|\[url|\[link|<a\s", re.IGNORECASE)
FORUM = re.compile(r"\[/?(url|link|b|img)\b[^\]]*\]|<\s*/?\s*a\b", re.IGNORECASE)
NAMES = ("first_name", "last_name", "company", "job_title", "city")


class Reason(TextChoices):
    HONEYPOT = "honeypot", _("filled in a field no person sees")
    LINKS = "links", _("is full of links")
    NAME = "name", _("gives an address as a name")
    BUSY = "busy", _("many came from this browser within minutes")


def reasons(
    rows: Sequence[FormField], answers: Mapping[str, Any], *, trapped: bool, worked: bool, is_busy: bool
) -> list[Reason]:
    """Why this might be spam; nothing for nearly everybody.

    `is_busy`: many came from the same browser lately. Where it `worked`, that says nothing against it.
    """
    found = [Reason.HONEYPOT] if trapped else []
    texts = {row: str(answers.get(row.key, "")) for row in rows if row.type in (Type.TEXT, Type.TEXTAREA)}
    if any(LINK.search(text) for row, text in texts.items() if row.contact_field in NAMES):
        found.append(Reason.NAME)
    if sum(len(LINK.findall(text)) for text in texts.values()) > MAX_LINKS or any(map(FORUM.search, texts.values())):
        found.append(Reason.LINKS)
    if is_busy and not worked:
        found.append(Reason.BUSY)
    return found
