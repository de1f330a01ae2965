"""The words of contacts.wording in templates: {{ score|number }}, {{ points|signed }}, {{ contacts|whole }}."""

from __future__ import annotations

from django.template import Library

from contacts import wording

register = Library()
register.filter("number", wording.number)
register.filter("signed", wording.signed)
register.filter("whole", wording.whole)
register.filter("ago", wording.ago)
register.filter("counted", wording.counted)  # where {% blocktranslate %} chooses the plural form by it
