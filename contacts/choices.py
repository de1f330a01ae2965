"""What a person allows, as they see and change it: channels we write by, purposes we follow them for, each with its words."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from contacts import consent, consent_policies, consent_texts
from contacts.models import Channel, Consent, Contact, DoNotContact, Purpose

# Blocks that the person can take back: those they made themselves.
OWN_WISH = (DoNotContact.Reason.UNSUBSCRIBED, DoNotContact.Reason.COMPLAINED)
WORDS = {
    Channel.EMAIL: gettext_lazy("We may write to you by email."),
    Channel.SMS: gettext_lazy("We may send you text messages (SMS)."),
}


@dataclass(frozen=True)
class Choice:
    """One question and how it stands. `answered_at` None: nothing was said yet. `fixed`: why it cannot be changed here."""

    name: str
    label: str
    text: str
    version: int  # of the text; 0: the one we come with
    is_on: bool
    answered_at: datetime | None
    fixed: str = ""

    @property
    def as_shown(self) -> str:
        """Its name and how its box was shown, for the page to send along: what was left that way is no answer."""
        return f"{self.name}.{'on' if self.is_on else 'off'}"

    def is_answered(self, shown: Collection[str], on: Collection[str]) -> bool:
        """Whether the box was changed by the person who saw it so, and that says something new.

        A yes takes a box shown empty that was ticked, while it does not hold anyway: so no word about what was shown turns
        what is merely assumed into a yes. A page without such a word, opened before an update, can only refuse what holds.
        """
        if self.name in on:
            return f"{self.name}.off" in shown and not self.is_on
        if f"{self.name}.on" in shown:
            return self.is_on or self.answered_at is None
        return self.is_on and self.name in shown


@dataclass(frozen=True)
class Choices:
    channels: list[Choice]
    purposes: list[Choice]

    @property
    def open(self) -> list[Choice]:
        """Those that can be changed."""
        return [choice for choice in [*self.channels, *self.purposes] if not choice.fixed]


def of(contact: Contact, language: str) -> Choices:
    """How it stands with this contact, in the words of this language."""
    said = consent.answers(contact)
    blocks = {block.channel: block for block in contact.blocks.all()}
    texts, required = consent_texts.current(language), consent_policies.required()
    reachable = [channel for channel in Channel if channel != Channel.SMS or contact.phone]
    return Choices(
        [_channel(channel, said.get(channel), blocks.get(channel)) for channel in reachable],
        [_purpose(purpose, said.get(purpose), texts[purpose], purpose in required) for purpose in Purpose],
    )


def _channel(channel: Channel, said: Consent | None, block: DoNotContact | None) -> Choice:
    at = block.created_at if block else said.given_at if said else None
    fixed = ""
    if block and block.reason == DoNotContact.Reason.BOUNCED:
        fixed = _("Our messages to this address come back, so we no longer send any.")
    elif block and block.reason not in OWN_WISH:
        fixed = _("We have noted not to write to you this way.")
    return Choice(channel.value, str(channel.label), str(WORDS[channel]), 0, block is None, at, fixed)


def _purpose(purpose: Purpose, said: Consent | None, shown: consent_texts.Shown, is_required: bool) -> Choice:
    is_on = said.granted if said else not is_required
    return Choice(purpose.value, str(purpose.label), shown.text, shown.version, is_on, said.given_at if said else None)


@transaction.atomic
def save(contact: Contact, asked: Collection[Choice], on: Collection[str], source: str, ip: str | None) -> set[str]:
    """Note the answers to what was asked: those in `on` are a yes, the others a no. What was refused that was not before.

    An answer that stands already is not noted again; a yes that was only assumed is, so ask only what was answered.
    """
    refused = set()
    for choice in asked:
        yes = choice.name in on
        if choice.answered_at is None or choice.is_on != yes:
            (consent.give if yes else consent.withdraw)(contact, choice.name, choice.text, source, ip)
        if choice.name in Channel.values:
            _let(contact, choice.name, yes)
        if choice.is_on and not yes:
            refused.add(choice.name)
    return refused


def _let(contact: Contact, channel: str, yes: bool) -> None:
    if yes:
        DoNotContact.objects.filter(contact=contact, channel=channel, reason__in=OWN_WISH).delete()
    else:
        consent.block(contact, channel, DoNotContact.Reason.UNSUBSCRIBED)
