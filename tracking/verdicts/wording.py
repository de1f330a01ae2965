"""Reasons in words: why something counts as a person's, or does not."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _

from contacts.wording import labelled, strung
from tracking.models import Verdict
from tracking.verdicts.reasons import Reason

# The most telling first.
SENTENCES: dict[Reason, Any] = {
    Reason.MARKED_MACHINE: _("somebody marked it as a machine"),
    Reason.MARKED_PERSON: _("somebody marked it as a person"),
    Reason.HIDDEN_LINK: _("a link that people cannot see was followed at the same moment"),
    Reason.SEVERAL_AT_ONCE: _("several links were clicked within a second"),
    Reason.TOO_SOON: _("it came within seconds of the delivery"),
    Reason.HEAD: _("the address was only asked for, nothing was looked at"),
    Reason.AFTER_HEAD: _("the same network had just checked the address"),
    Reason.LISTED_AGENT: _("the program is on the list of robots"),
    Reason.SAME_PROGRAM: _("the same program acted like a machine within a minute"),
    Reason.LED_BY_MACHINE: _("a machine came here by its click"),
    Reason.PREFETCHED: _("a mail program or browser fetched it in advance"),
    Reason.LISTED_NETWORK: _("the network belongs to a mail security service"),
    Reason.EVERY_LINK: _("every link of the message was clicked within seconds"),
    Reason.CONFIRMED: _("the page it led to was seen in a browser"),
    Reason.IMAGE_PROXY: _("the image was shown through the mail service, which hides where and by what"),
}
FOR_PEOPLE = Reason.MARKED_PERSON | Reason.CONFIRMED | Reason.IMAGE_PROXY


def sentences(reasons: int | None) -> list[str]:
    """All reasons, the most telling first."""
    return [str(sentence) for reason, sentence in SENTENCES.items() if (reasons or 0) & reason]


def why_not(verdict: int | None, reasons: int | None) -> str:
    """In half a sentence, why something was not counted as a person's."""
    speaking = sentences((reasons or 0) & ~int(FOR_PEOPLE))
    if verdict == Verdict.SCANNER:
        return (
            _g("a program did it, not a person: %(why)s") % {"why": speaking[0]}
            if speaking
            else _g("a security scanner did it, not a person")
        )
    return _g("a mail program did it by itself, not a person")


def label(verdict: int, reasons: int | None) -> str:
    """A verdict with its reasons, for a line of the timeline; nothing where nothing speaks either way."""
    speaking = sentences(reasons)
    if verdict == Verdict.UNKNOWN and not speaking:
        return ""
    names = {
        Verdict.UNKNOWN: _g("Probably a person"),
        Verdict.HUMAN: _g("A person"),
        Verdict.PROXY: _g("A mail program, not counted"),
        Verdict.SCANNER: _g("A machine, not counted"),
    }
    name = names[Verdict(verdict)]
    return labelled(name, strung(speaking)) if speaking else name
