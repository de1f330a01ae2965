"""The admin pages of campaigns. They call the domain; they decide nothing."""

from campaigns.admin import (  # noqa: F401
    campaigns,
    deliveries,
    emails,
    firings,
    integrations,
    machines,
    messages,
    publications,
    sms,
    triggers,
    webinars,
)
