"""Point sources: what can earn points. A new one is a file here and an import line below."""

from scoring.sources.base import point_sources
from scoring.sources import (  # isort: skip
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

__all__ = ["point_sources"]
