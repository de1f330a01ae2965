"""What an erasure counted, in the words of the people who read it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.apps import apps
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from contacts.privacy.parts import in_order

NAMES: Mapping[str, Any] = {
    "contacts.Contact": _("Contacts, with all who were merged into them"),
    "contacts.ContactTag": _("Tags"),
    "contacts.Membership": _("Memberships of segments"),
    "contacts.Consent": _("Answers about consent"),
    "contacts.DoNotContact": _("Blocks"),
    "contacts.ImportRow": _("Lines of imported files"),
    "tracking.Event": _("Events: without a name, an address of the network, a browser or what was typed"),
    "tracking.FormSubmission": _("Submissions: without their answers"),
    "tracking.Visitor": _("Browsers"),
    "tracking.Tie": _("Ties between browsers and contacts"),
    "tracking.Hit": _("What waited to be processed"),
    "tracking.Upload": _("Files that were sent"),
    "tracking.HeldSubmission": _("Submissions held as spam"),
    "tracking.Confirmation": _("Confirmations"),
    "scoring.PointEntry": _("Lines of the ledger"),
    "scoring.ContactScore": _("Scores"),
    "scoring.Holding": _("Intervals of profile rules"),
    "campaigns.Message": _("Messages: without their words and whom they were sent to"),
    "campaigns.Attempt": _("Tries of deliveries"),
    "campaigns.StepRun": _("Steps of campaigns"),
    "history": _("Lines of the history: without their text"),
}


def lines(counts: Mapping[str, int], *, stays: bool) -> list[tuple[Any, int]]:
    """What went (or would), or what stays without the person: name and number, the larger numbers first."""
    keeps = {label for part in in_order() for label in part.keeps} | {"history"}
    rows = [(name(label), rows) for label, rows in counts.items() if (label in keeps) is stays]
    return sorted(rows, key=lambda row: -row[1])


def name(label: str) -> Any:
    if label in NAMES:
        return NAMES[label]
    try:
        return capfirst(apps.get_model(label)._meta.verbose_name_plural)
    except (LookupError, ValueError):
        return label
