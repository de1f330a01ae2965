"""Webhooks: the contact, the score and the reason as signed JSON. Receivers: see docs/webhooks.md."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from campaigns import http
from campaigns.mail.fields import page_of
from campaigns.models import Delivery, Integration
from campaigns.registry import DeliveryError
from contacts.models import Contact
from contacts.remarks import Remark
from scoring import values
from scoring.explain import explain
from scoring.models import PointGroup

LINES = 5  # of the ledger, as the reason


def push(integration: Integration, delivery: Delivery, contact: Contact) -> str:
    """Send the contact to the integration; returns the answer. Raises DeliveryError.

    The key is the same at every try. An integration that answers 410 Gone is switched off, and says why.
    """
    if not integration.is_active:
        raise DeliveryError(Remark(_("The integration “%(name)s” is not active."), name=integration), permanent=True)
    return _send(integration, str(delivery.key), payload(delivery, contact)).summary()


def ping(integration: Integration) -> str:
    """A signed test request; returns the answer. Raises DeliveryError."""
    key = f"ping-{int(time.time())}"
    return _send(integration, key, {"id": key, "type": "ping", "at": timezone.now().isoformat()}).summary()


def _send(integration: Integration, key: str, content: Mapping[str, Any]) -> http.Answer:
    body = json.dumps(content, ensure_ascii=False).encode()
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "X-Bareme-Delivery": key,
        "X-Bareme-Signature": sign(integration.secret, body, int(time.time())),
    }
    answer = http.post(integration.url, body, headers)
    if not 200 <= answer.status < 300:
        if answer.status == 410:
            _switch_off(integration)
        raise DeliveryError(answer.summary(), permanent=answer.is_permanent())
    return answer


def _switch_off(integration: Integration) -> None:
    reason = Remark(_("It answered 410 Gone on %(date)s."), date=timezone.localdate().isoformat())
    Integration.objects.filter(pk=integration.pk).update(is_active=False, disabled_reason=reason)


def sign(secret: str, body: bytes, at: int) -> str:
    mac = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={mac}"


# --- the content ------------------------------------------------------------------------------------------------------


def payload(delivery: Delivery, contact: Contact) -> dict[str, Any]:
    return {
        "id": str(delivery.key),
        "type": "score.reached" if delivery.firing else "campaign.step",
        "at": (delivery.firing.at if delivery.firing else delivery.created_at).isoformat(),
        "contact": _contact(contact),
        "score": _score(delivery, contact),
        "reason": _reason(delivery, contact),
    }


def _contact(contact: Contact) -> dict[str, Any]:
    plain = ("email", "phone", "first_name", "last_name", "job_title", "city", "country", "language")
    return {
        "id": contact.pk,
        **{name: getattr(contact, name) for name in plain},
        "company": contact.company.name if contact.company else None,
        "stage": contact.stage.name if contact.stage else None,
        "owner": contact.owner.email if contact.owner else None,
        "tags": [tag.name for tag in contact.tags.all()],
        "fields": contact.fields,
        "url": page_of(contact),
    }


def _score(delivery: Delivery, contact: Contact) -> dict[str, Any]:
    if firing := delivery.firing:
        group = firing.trigger.group
        return {"group": group.name if group else None, "value": float(firing.after), "before": float(firing.before)}
    overall = values.current([contact.pk]).get((contact.pk, None), 0)
    return {"group": None, "value": float(overall), "before": None}


def _reason(delivery: Delivery, contact: Contact) -> dict[str, Any]:
    if firing := delivery.firing:
        return {"trigger": firing.trigger.name, "cycle": firing.cycle, "lines": _lines(contact, firing.trigger.group)}
    campaign = delivery.step_run.step.campaign.name if delivery.step_run else None
    return {"campaign": campaign, "lines": _lines(contact, None)}


def _lines(contact: Contact, group: PointGroup | None) -> list[dict[str, Any]]:
    """The lines of the ledger that weigh most, largest first."""
    found = [line for part in explain(contact).groups if group in (None, part.group) for line in part.reasons]
    heaviest = sorted(found, key=lambda line: (-line.points, line.name))[:LINES]
    return [
        {"what": line.name, "about": line.about, "points": float(line.points), "at": line.last_at.isoformat()}
        for line in heaviest
        if line.last_at
    ]
