"""Double opt-in: what was agreed to in a form counts once it is confirmed from a mail, with both times as proof.

    submission ──► Confirmation (waits) ──► mail with a signed link ──► page with a button ──► consents, segment

Looking at the page confirms nothing: programs that check mails open every link. What is not confirmed in time expires, and is
deleted some time later.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Sequence
from datetime import timedelta

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.db.models import Q
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from contacts import choices, consent, consent_texts, segments
from contacts.merging import become
from contacts.models import Channel, Consent, Contact, DoNotContact, Membership
from tracking import addresses, tokens
from tracking.models import Confirmation

logger = logging.getLogger(__name__)

PURPOSE = "confirm"  # what its tokens are good for: they stand in mails, so never change it
AGAIN_AFTER = timedelta(hours=1)  # the same question to the same person: one mail
WAITS = (timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1), timedelta(hours=6))
BLOCKED = "blocked"  # what a row says whose address we may not write to
KEPT = timedelta(days=30)  # how long the unconfirmed are kept after they expired


def ask(rows: Sequence[Confirmation]) -> None:
    """Keep what waits for a confirmation, in the caller's transaction; the mails leave after it.

    Who was asked the same thing within the hour is not asked again: a form must not be a way to flood a stranger.
    """
    if not rows:
        return
    since = min(row.asked_at for row in rows) - AGAIN_AFTER
    asked = Confirmation.objects.filter(contact__in={row.contact_id for row in rows}, asked_at__gte=since)
    there = {_question(row) for row in asked.filter(confirmed_at=None)}
    new = []
    for row in rows:
        if _question(row) not in there:
            there.add(_question(row))
            new.append(row)
    Confirmation.objects.bulk_create(new, ignore_conflicts=True)


def _question(row: Confirmation) -> tuple[int, int, tuple[tuple[str, str], ...]]:
    return row.contact_id, row.form_id, tuple(sorted(row.consents.items()))


def link(row: Confirmation) -> str:
    return addresses.public(reverse("tracking:confirm", args=[tokens.sign(PURPOSE, row.pk)]))


def find(token: str) -> Confirmation | None:
    """The confirmation a link is about; None for one that is not ours, or gone."""
    try:
        numbers = tokens.unsign(PURPOSE, token)
    except tokens.BadToken:
        return None
    if len(numbers) != 1 or numbers[0] >= 2**63:
        return None
    return Confirmation.objects.select_related("form__segment", "contact").filter(pk=numbers[0]).first()


@transaction.atomic
def confirm(row: Confirmation, ip: str | None) -> bool:
    """Record the consents, now that they are confirmed, and what waited for them; False if that was done, or is too late."""
    now = timezone.now()
    asked = Contact.objects.select_for_update(no_key=True).filter(pk=row.contact_id).first()  # a merge or erasure waits
    waiting = Confirmation.objects.filter(pk=row.pk, confirmed_at=None, expires_at__gt=now)
    if asked is None or not waiting.update(confirmed_at=now, send_at=None):
        return False
    contact = become(asked)
    versions = consent_texts.versions_of(row.consents.items())
    Consent.objects.bulk_create(
        Consent(
            contact=contact,
            purpose=purpose,
            granted=True,
            text=text,
            shown=versions.get((purpose, text)),
            source=row.form.name,
            ip=consent.shortened(ip) or row.ip,
            asked_at=row.asked_at,
            given_at=now,
        )
        for purpose, text in row.consents.items()
    )
    wanted = [channel for channel in Channel.values if channel in row.consents]
    blocks = DoNotContact.objects.filter(contact__in=[asked, contact])  # an undone merge brings back those of the asked
    blocks.filter(channel__in=wanted, reason__in=choices.OWN_WISH).delete()
    if row.form.segment and row.form.segment.archived_at is None:
        segments.add(row.form.segment, [contact.pk], Membership.Reason.FORM, row.form.name)
    return True


# --- the mails ----------------------------------------------------------------------------------------------------------


def send_due(limit: int = 50) -> int:
    """Send the mails that are due, each claimed by one worker; how many left. A failure is tried again later, then given up."""
    count = 0
    for _turn in range(limit):
        if (row := _claim()) is None:
            break
        count += _try(row)
    return count


def _claim() -> Confirmation | None:
    """The next that is due, put off before it is tried: a worker that dies on it does not hold it for ever."""
    now = timezone.now()
    with transaction.atomic():
        due = Confirmation.objects.select_for_update(skip_locked=True, of=("self",)).filter(send_at__lte=now)
        row = due.filter(expires_at__gt=now).select_related("form", "contact").order_by("send_at").first()
        if row is None:
            return None
        row.attempts += 1
        row.send_at = now + WAITS[row.attempts - 1] if row.attempts <= len(WAITS) else None
        row.save(update_fields=["attempts", "send_at"])
    return row


def _try(row: Confirmation) -> bool:
    bounced = Q(reason=DoNotContact.Reason.BOUNCED) | Q(reason=DoNotContact.Reason.COMPLAINED)
    if row.contact.blocks.filter(bounced, channel=Channel.EMAIL).exists():
        Confirmation.objects.filter(pk=row.pk).update(send_at=None, error=BLOCKED)
        return False
    try:
        _mail(row).send()
    except Exception as error:  # whatever a mail server or a network comes up with: the others still leave
        logger.warning("the mail of confirmation %s did not leave: %s", row.pk, error)
        Confirmation.objects.filter(pk=row.pk).update(error=f"{type(error).__name__}: {error}"[:300])
        return False
    Confirmation.objects.filter(pk=row.pk).update(send_at=None, sent_at=timezone.now(), error="")
    return True


def _mail(row: Confirmation) -> EmailMultiAlternatives:
    with translation.override(row.language or row.contact.language or settings.LANGUAGE_CODE):
        context = {
            "texts": list(row.consents.values()),
            "link": link(row),
            "until": _until(row),
            "host": settings.ORGANISATION_NAME or settings.PUBLIC_HOST,
        }
        mail = EmailMultiAlternatives(
            _("Please confirm"),
            render_to_string("tracking/confirmation.txt", context),
            to=[row.email],
            headers={
                "Message-ID": f"<{uuid.uuid5(row.key, 'confirmation')}@{settings.PUBLIC_HOST}>",
                "Auto-Submitted": "auto-generated",
            },
        )
        mail.attach_alternative(render_to_string("tracking/confirmation.html", context), "text/html")
        return mail


def _until(row: Confirmation) -> str:
    """A moment that can end a sentence: “8 a.m.” has a full stop of its own."""
    moment = timezone.localtime(row.expires_at)
    return f"{date_format(moment)} {moment:%H:%M}"


def forget_expired() -> int:
    """Delete what was not confirmed, some time after it expired; how many."""
    return Confirmation.objects.filter(confirmed_at=None, expires_at__lt=timezone.now() - KEPT).delete()[0]
