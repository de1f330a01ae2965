"""The condition tree: who is meant, as JSON a marketer builds, a database query, and a sentence.

`{"all": […]}`, `{"any": […]}`, `{"not": {…}}`, and leaves that name a filter; `{}` is everybody. The same tree serves
segments, trigger conditions, leaderboards, profile point actions and campaign steps.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from functools import reduce
from operator import and_, or_
from typing import Any, ClassVar

from django import forms
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _

from contacts.filters import filters
from contacts.filters.base import EVERYBODY, NOBODY, Rule, negated
from contacts.filters.inputs import BadConditions, shown
from contacts.filters.operators import RELATIVE
from contacts.models import Contact
from contacts.widgets import ConditionBuilder

__all__ = [
    "BadConditions",
    "ConditionsField",
    "alternatives",
    "describe",
    "leaves",
    "matching",
    "tidy",
    "turns_with_time",
    "uses",
    "validate",
]

MAX_DEPTH = 6
MAX_RULES = 100
MAX_JSON = 100_000
MAX_ALTERNATIVES = 5
GROUPS = ("all", "any")

logger = logging.getLogger(__name__)


def matching(tree: Any, contacts: QuerySet[Contact] | None = None) -> QuerySet[Contact]:
    """The contacts the tree means, among `contacts` if given, as one SQL statement. Merged contacts are nobody.

    A condition that cannot be understood (a retired filter, say) matches nobody and is logged; so does its opposite.
    """
    base = Contact.objects.all() if contacts is None else contacts
    return base.filter(merged_into__isnull=True).filter(_q(tree, contacts, positive=True, depth=0))


def alternatives(tree: Any) -> list[QuerySet[Contact]]:
    """Those whom the tree means as several querysets, where it is an "any": a contact may be in more than one of them.

    For who asks about everybody: each is planned by itself, with joins where OR looks up contact by contact. Conditions of
    the contacts' own data stay together, since each further queryset reads the contacts again.
    """
    parts = tree.get("any") if isinstance(tree, Mapping) and len(tree) == 1 else None
    if not isinstance(parts, list) or {} in parts:
        return [matching(tree)]
    own = [part for part in parts if _is_of_profile(part)]
    others = [part for part in parts if not _is_of_profile(part)]
    if not others or len(others) > MAX_ALTERNATIVES:
        return [matching(tree)]
    return [matching(part) for part in ([{"any": own}] if own else []) + others]


def validate(tree: Any, *, profile_only: bool = False) -> None:
    """Raise BadConditions unless every part of the tree can be understood; its sentences say where and what is wrong.

    `profile_only`: refuse filters of scores and behaviour (where a score would depend on itself).
    """
    errors = list(_errors(tree, "", 1, profile_only))
    if sum(1 for _leaf in leaves(tree)) > MAX_RULES:
        errors = [BadConditions(_("There are more than %(limit)d conditions."), params={"limit": MAX_RULES})]
    if errors:
        raise BadConditions([message for error in errors for message in error.messages][:10])


def describe(tree: Any) -> str:
    """The tree in plain words, in the active language."""
    return _words(tree, inner=False) if tree else _g("everybody")


def tidy(tree: Any, depth: int = 0) -> Any:
    """The same tree without groups that hold nothing."""
    if not isinstance(tree, dict) or len(tree) != 1 or depth > MAX_DEPTH:
        return tree
    key, value = next(iter(tree.items()))
    if key in GROUPS and isinstance(value, list):
        parts = [part for part in (tidy(part, depth + 1) for part in value) if part != {}]
        return {key: parts} if parts else {}
    if key == "not" and isinstance(value, dict):
        inner = tidy(value, depth + 1)
        return {"not": inner} if inner != {} else {}
    return tree


def uses(tree: Any, key: str) -> list[Mapping[str, Any]]:
    """The raw leaves of one filter: who depends on what."""
    return [leaf for leaf in leaves(tree) if leaf.get("filter") == key]


def leaves(tree: Any, depth: int = 0) -> Iterator[Mapping[str, Any]]:
    """The raw leaves of a tree, in their order."""
    if not isinstance(tree, Mapping) or depth > MAX_DEPTH:
        return
    if "filter" in tree:
        yield tree
    for key in (*GROUPS, "not"):
        parts = tree.get(key, [])
        for part in parts if isinstance(parts, list) else [parts]:
            yield from leaves(part, depth + 1)


def turns_with_time(tree: Any) -> bool:
    """May the same contact match tomorrow and not today, with nothing happening: "in the last 30 days" and its like."""
    return any(leaf.get("op") in RELATIVE for leaf in leaves(tree))


def _is_of_profile(tree: Any) -> bool:
    found = (filters.get(str(leaf["filter"])) for leaf in leaves(tree))
    return all(filter_ is None or filter_.of_profile for filter_ in found)


def _read(raw: Mapping[str, Any], *, check_exists: bool) -> Rule:
    key = raw.get("filter")
    if not isinstance(key, str) or (filter_ := filters.get(key)) is None:
        raise BadConditions(_("unknown filter “%(key)s”"), params={"key": shown(key)})
    return filter_.read(raw, check_exists=check_exists)


def _q(node: Any, contacts: QuerySet[Contact] | None, *, positive: bool, depth: int) -> Q:
    """The condition of a node, or with `positive` False of its opposite: a `not` is carried down to the leaves.

    So what makes no sense matches nobody in both cases, and the planner meets NOT where it can use it.
    """
    if node == {} and depth == 0:
        return EVERYBODY
    try:
        if not isinstance(node, Mapping) or depth > MAX_DEPTH:
            raise BadConditions("not a condition")
        if "filter" in node:
            rule = _read(node, check_exists=False)
            q = rule.filter.q(rule, contacts)
            return q if positive else negated(q)
        key, value = _group(node)
        if key == "not":
            return _q(value, contacts, positive=not positive, depth=depth + 1)
        parts = [_q(part, contacts, positive=positive, depth=depth + 1) for part in value]
        return reduce(and_, parts, EVERYBODY) if (key == "all") is positive else reduce(or_, parts, NOBODY)
    except BadConditions as error:
        logger.warning("a condition matches nobody: %s (%s)", "; ".join(error.messages), shown(node))
        return NOBODY


def _group(node: Mapping[str, Any]) -> tuple[str, Any]:
    """The kind of a group and what is in it, of the right shape. Raises BadConditions."""
    if len(node) != 1 or (key := next(iter(node))) not in (*GROUPS, "not"):
        raise BadConditions(_("a condition names a “filter”, or is a group “all”, “any” or “not”"))
    value = node[key]
    if not isinstance(value, Mapping if key == "not" else list):
        raise BadConditions(_("the group “%(key)s” does not hold what it should"), params={"key": key})
    return key, value


def _errors(node: Any, place: str, depth: int, profile_only: bool) -> Iterator[BadConditions]:
    """What is wrong below a node. `place` counts as the builder shows it: 2.1 is the first part of the second."""
    if node == {} and not place:
        return
    if depth > MAX_DEPTH:
        yield _placed(place, BadConditions(_("groups are nested too deeply")))
        return
    try:
        if not isinstance(node, Mapping):
            raise BadConditions(_("“%(value)s” is not a condition"), params={"value": shown(node)})
        if "filter" in node:
            rule = _read(node, check_exists=True)
            if profile_only and not rule.filter.of_profile:
                raise BadConditions(
                    _("%(label)s: only a contact's own data can be asked about here"),
                    params={"label": rule.entry.label},
                )
            return
        key, value = _group(node)
        parts = [value] if key == "not" else value
        if not parts or {} in parts:
            raise BadConditions(_("the group is empty"))
    except BadConditions as error:
        yield _placed(place, error)
        return
    if key == "not" and "filter" not in value:  # the builder shows "not any of" as one group
        yield from _errors(value, place, depth + 1, profile_only)
        return
    for number, part in enumerate(parts[: MAX_RULES + 1], start=1):
        yield from _errors(part, f"{place}.{number}" if place else str(number), depth + 1, profile_only)


def _placed(place: str, error: BadConditions) -> BadConditions:
    sentence = error.messages[0]
    return BadConditions(
        _("Condition %(place)s: %(error)s.") % {"place": place, "error": sentence}
        if place
        else _("Conditions: %s.") % sentence
    )


def _words(node: Any, *, inner: bool) -> str:
    try:
        if not isinstance(node, Mapping):
            raise BadConditions("not a condition")
        if "filter" in node:
            rule = _read(node, check_exists=False)
            return rule.filter.words(rule)
        key, value = _group(node)
    except BadConditions:
        return _g("a condition that no longer exists")
    if key == "not":
        return _g("not (%s)") % _words(value, inner=False)
    sentence = (_g(" and ") if key == "all" else _g(" or ")).join(_words(part, inner=True) for part in value)
    return f"({sentence})" if inner and len(value) > 1 else sentence


class ConditionsField(forms.JSONField):
    """The tree in any form of the admin: a builder for the marketer, a validated tree for the code.

    `profile_only` offers and accepts only filters of the contact's own data.
    """

    widget = ConditionBuilder
    default_error_messages: ClassVar = {"invalid": _("These conditions cannot be read.")}

    def __init__(self, *, profile_only: bool = False, **kwargs: Any) -> None:
        self.profile_only = profile_only
        super().__init__(**{"required": False, "widget": ConditionBuilder(profile_only=profile_only), **kwargs})

    def to_python(self, value: Any) -> Any:
        if isinstance(value, str) and len(value) > MAX_JSON:
            raise BadConditions(_("There are more than %(limit)d conditions."), params={"limit": MAX_RULES})
        try:
            tree = super().to_python(value)
            json.dumps(tree, ensure_ascii=False).encode()  # half a character can be stored nowhere
            return {} if tree is None else tidy(tree)
        except (RecursionError, UnicodeEncodeError):
            raise BadConditions(self.error_messages["invalid"]) from None

    def bound_data(self, data: Any, initial: Any) -> Any:
        try:
            bound = super().bound_data(data, initial)
            json.dumps(bound, ensure_ascii=False).encode()
        except (RecursionError, UnicodeEncodeError):
            return initial  # what cannot be written into a page, either
        return bound

    def validate(self, value: Any) -> None:
        if self.required and not value:
            raise BadConditions(self.error_messages["required"])
        validate(value, profile_only=self.profile_only)
