"""What they did: the inbox of raw hits, the immutable events, what events are about, and what visitors meet."""

from tracking.models.api_keys import ApiKey
from tracking.models.assets import Asset
from tracking.models.confirmations import Confirmation
from tracking.models.counts import ClosedDay, DayCount, DayDue, DaySum
from tracking.models.events import (
    BrowserLetGo,
    Event,
    Hit,
    Kind,
    Link,
    OwnsSubject,
    Receipt,
    Subject,
    Tie,
    Verdict,
    Visitor,
)
from tracking.models.forms import Form, FormField, FormSubmission
from tracking.models.outages import Outage, OutageShare
from tracking.models.pages import LandingPage, PageImage, PageTest, PageVariant
from tracking.models.public import public_id
from tracking.models.sent import HeldSubmission, Upload
from tracking.models.verdicts import Agent, Mark, Network

__all__ = [
    "Agent",
    "ApiKey",
    "Asset",
    "BrowserLetGo",
    "ClosedDay",
    "Confirmation",
    "DayCount",
    "DayDue",
    "DaySum",
    "Event",
    "Form",
    "FormField",
    "FormSubmission",
    "HeldSubmission",
    "Hit",
    "Kind",
    "LandingPage",
    "Link",
    "Mark",
    "Network",
    "Outage",
    "OutageShare",
    "OwnsSubject",
    "PageImage",
    "PageTest",
    "PageVariant",
    "Receipt",
    "Subject",
    "Tie",
    "Upload",
    "Verdict",
    "Visitor",
    "public_id",
]
