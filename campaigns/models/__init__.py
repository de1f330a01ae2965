"""What we do about it: triggers and what they fire, deliveries and their attempts, messages, campaigns."""

from campaigns.models.campaigns import (
    Campaign,
    Enrolment,
    Step,
    StepRun,
)
from campaigns.models.deliveries import (
    Attempt,
    Delivery,
    DeliveryQuerySet,
    Message,
)
from campaigns.models.messages import (
    Email,
    Integration,
    Registration,
    Sms,
    Webinar,
    new_secret,
)
from campaigns.models.triggers import (
    Firing,
    Trigger,
    TriggerAction,
    TriggerQuerySet,
    TriggerVersion,
)

__all__ = [
    "Attempt",
    "Campaign",
    "Delivery",
    "DeliveryQuerySet",
    "Email",
    "Enrolment",
    "Firing",
    "Integration",
    "Message",
    "Registration",
    "Sms",
    "Step",
    "StepRun",
    "Trigger",
    "TriggerAction",
    "TriggerQuerySet",
    "TriggerVersion",
    "Webinar",
    "new_secret",
]
