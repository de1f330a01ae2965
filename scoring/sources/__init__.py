"""Point sources: what can earn points. A new one is a file here and an import line below."""

from scoring.sources import (  # noqa: F401
    asset_downloaded,
    custom_event,
    email_clicked,
    email_opened,
    email_sent,
    form_answered,
    form_submitted,
    landing_page_visited,
    page_visited,
    profile_matches,
    sms_clicked,
    webinar,
)
from scoring.sources.base import point_sources

__all__ = ["point_sources"]
