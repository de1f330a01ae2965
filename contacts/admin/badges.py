"""Small pieces of HTML the lists and the contact page share. No inline styles: a colour is an SVG fill."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from contacts.models import Stage, Tag

NOTHING = SafeString('<span class="contact-nothing">–</span>')
MAX_TAGS = 3


def stage(stage: Stage | None) -> SafeString:
    """A stage with its colour."""
    if stage is None:
        return NOTHING
    return format_html(
        '<span class="contact-badge"><svg width="8" height="8" aria-hidden="true">'
        '<circle cx="4" cy="4" r="4" fill="{}"/></svg>{}</span>',
        stage.color or "#9ca3af",
        stage.name,
    )


def tags(tags: Iterable[Tag]) -> SafeString:
    """The first tags; how many more."""
    names = [tag.name for tag in tags]
    shown = format_html_join(" ", '<span class="contact-chip">{}</span>', ((name,) for name in names[:MAX_TAGS]))
    if len(names) > MAX_TAGS:
        more = ", ".join(names[MAX_TAGS:])
        return format_html('{} <span class="contact-more" title="{}">+{}</span>', shown, more, len(names) - MAX_TAGS)
    return shown or NOTHING
