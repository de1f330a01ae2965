"""The admin pages of contacts: one module a subject."""

from contacts.admin import (  # noqa: F401
    companies,
    consents,
    contacts,
    custom_fields,
    erasures,
    merges,
    retention,
    segments,
    stages,
    tags,
)
