"""Rules in words: what earns points, for one rule or for a page of them."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext as _

from scoring.models import Rule
from scoring.sources import point_sources
from scoring.sources.base import Names


def sentence(rule: Rule) -> str:
    """What earns the points of this rule."""
    return sentences([rule])[0]


def sentences(rules: Iterable[Rule]) -> list[str]:
    """What earns the points of each rule; the names they mention are fetched together, however many rules there are."""
    known = [(rule, point_sources.get(rule.source)) for rule in rules]
    names = Names(source.mentions(rule.params) for rule, source in known if source)
    return [
        source.describe(rule.params, names) if source else _("Unknown source: %(key)s") % {"key": rule.source}
        for rule, source in known
    ]
