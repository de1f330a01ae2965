"""What a message leaves behind once it is on its way: when it left, and the fact for scoring."""

from __future__ import annotations

import uuid

from django.utils import timezone

from campaigns.models import Delivery, Message
from contacts.models import Channel
from tracking import hits
from tracking.hits import NewHit
from tracking.models import Kind

KINDS = {Channel.EMAIL: Kind.EMAIL_SENT, Channel.SMS: Kind.SMS_SENT}


def note(delivery: Delivery) -> None:
    """Written with the delivery's success. Of a message to colleagues there is no fact."""
    message = delivery.message
    Message.objects.filter(pk=message.pk).update(sent_at=timezone.now())
    if message.contact_id:
        hits.record(
            NewHit(
                kind=KINDS[Channel(message.channel)],
                key=uuid.uuid5(delivery.key, "sent"),
                contact_id=message.contact_id,
                subject_id=message.subject_id,
                message_id=message.pk,
            )
        )
