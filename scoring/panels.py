"""The score on the contact page."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from contacts.models import Contact
from contacts.panels import Panel, panels
from scoring.explain import almost, explain, levels, outlook, sentences

NEWEST = 200  # lines of each group that are listed one by one


def score(contact: Contact) -> dict[str, Any]:
    statement = explain(contact, limit=NEWEST)
    foreseen = outlook(contact, levels())
    return {
        "statement": statement,
        "has_lines": any(part.lines for part in statement.groups),
        "may_adjust": True,
        "almost": almost(contact),
        "outlook": foreseen,
        "crossings": sentences.crossings(foreseen, statement),
        "ahead": sentences.ahead(foreseen, statement),
    }


panels.add(Panel("score", _("Score"), "scoring/panel.html", score, position=10))
