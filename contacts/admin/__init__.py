"""The admin pages of contacts: one module a subject."""

from contacts.admin import companies, consents, contacts, custom_fields, merges, retention, segments, stages, tags  # noqa: F401
