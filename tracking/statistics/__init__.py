"""What landing pages, forms, assets, messages and links came to in a span of days: people, and machines apart."""

from tracking.statistics.content import of_asset, of_form, of_landing_page
from tracking.statistics.messages import of_email, of_links, of_sms
from tracking.statistics.report import Report, Span, crowd, percent, span
from tracking.statistics.trials import note_results, tallies

__all__ = [
    "Report",
    "Span",
    "crowd",
    "note_results",
    "of_asset",
    "of_email",
    "of_form",
    "of_landing_page",
    "of_links",
    "of_sms",
    "percent",
    "span",
    "tallies",
]
