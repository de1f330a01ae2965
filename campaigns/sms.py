"""SMS: the gateway of SMS_URL, and how long a text is for one. See docs/sms.md."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from campaigns import http
from campaigns.registry import DeliveryError
from contacts.remarks import Remark

logger = logging.getLogger(__name__)

# GSM 03.38: one septet each; those of the extension table take two. Any other character makes the whole text UCS-2.
GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENDED = frozenset("^{}\\[~]|€\f")


@dataclass(frozen=True)
class Length:
    """How a text counts for a gateway: `units` of `per_segment` each once it needs more than one."""

    encoding: str
    units: int
    segments: int


def length(text: str) -> Length:
    """Characters and segments as gateways bill them: 160 (then 153 each) in GSM, 70 (then 67 each) in UCS-2."""
    if all(character in GSM or character in EXTENDED for character in text):
        units = sum(2 if character in EXTENDED else 1 for character in text)
        return Length("GSM", units, _segments(units, 160, 153))
    units = len(text.encode("utf-16-be")) // 2
    return Length("UCS-2", units, _segments(units, 70, 67))


def _segments(units: int, single: int, multi: int) -> int:
    return 1 if units <= single else -(-units // multi)


def transmit(to: str, text: str, key: str) -> str:
    """Hand an SMS to the gateway; returns what it said. Raises DeliveryError. `key` is the same at every try."""
    if settings.SMS_URL.startswith("console:"):
        logger.info("SMS to %s: %s", to, text)
        return Remark(_("Printed (console)."))
    body = json.dumps({"to": to, "text": text, "key": key}).encode()
    headers = {"Content-Type": "application/json", "Idempotency-Key": key}
    answer = http.post(settings.SMS_URL, body, headers, private=True)
    if not 200 <= answer.status < 300:
        raise DeliveryError(answer.summary(), permanent=answer.is_permanent())
    return answer.summary()
