"""What a marketer makes (forms, pages, assets), what is known (events), and how it comes in (inbox, keys, the script)."""

from tracking.admin import (  # noqa: F401
    apikeys,
    assets,
    confirmations,
    forms,
    inbox,
    landing_pages,
    outages,
    page_tests,
    record,
    submissions,
)
