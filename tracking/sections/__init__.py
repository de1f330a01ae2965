"""Sections of landing pages: one file per type. A new type is a file, a template and a line here, in the builder's order."""

# isort: off
from tracking.sections import hero, text, benefits, image, quote, video, asset, form, call_to_action, html  # noqa: F401
from tracking.sections.base import Section, new_row, read, sections

__all__ = ["Section", "new_row", "read", "sections"]
