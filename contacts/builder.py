"""What the condition builder needs to know, as data: the picker's families and entries, choices, and its own words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import OperationalError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from contacts import conditions, sql
from contacts.filters import filters
from contacts.filters.base import Entry, Filter
from contacts.filters.inputs import Choices, Input
from contacts.wording import whole

MOST = 100_000  # a live count goes no further
SECONDS = 5


class Spec:
    """The spec under construction: lists of choices that several inputs share are sent once."""

    def __init__(self, *, profile_only: bool) -> None:
        self.profile_only = profile_only
        self._names: dict[int, str] = {}
        self._choices: dict[str, list[tuple[Any, str]]] = {}
        self._kept: list[Choices] = []  # as long as we go by id(), they must live

    def data(self) -> dict[str, Any]:
        families: dict[str, list[dict[str, Any]]] = {}
        for filter_ in filters:
            if filter_.of_profile or not self.profile_only:
                lines = [self._entry(filter_, entry) for entry in filter_.entries()]
                families.setdefault(str(filter_.family), []).extend(lines)
        listed = [{"label": label, "entries": entries} for label, entries in families.items() if entries]
        return {"families": listed, "choices": self._choices, "words": words()}

    def _entry(self, filter_: Filter, entry: Entry) -> dict[str, Any]:
        operators = [
            {
                "key": operator.key,
                "label": str(operator.label),
                "inputs": [self._input(item) for item in operator.inputs],
            }
            for operator in entry.operators
        ]
        return {
            "rule": {"filter": filter_.key, **entry.fixed},
            "label": str(entry.label),
            "operators": operators,
        }

    def _input(self, item: Input) -> dict[str, Any]:
        return {
            "name": item.name,
            "kind": item.kind,
            "before": str(item.before),
            "after": str(item.after),
            "choices": self._listed(item.choices) if item.choices else None,
            "required": item.required,
            "empty": str(item.empty),
            "hint": str(item.hint),
            "minimum": item.minimum,
        }

    def _listed(self, choices: Choices) -> str:
        if id(choices) not in self._names:
            self._names[id(choices)] = name = f"c{len(self._names)}"
            self._choices[name] = choices.all()
            self._kept.append(choices)
        return self._names[id(choices)]


def words() -> dict[str, str]:
    return {
        "all": _("All of these apply"),
        "any": _("At least one of these applies"),
        "none": _("None of these applies"),
        "not_all": _("Not all of these apply"),
        "everybody": _("No conditions: everybody."),
        "add_rule": _("Add a condition"),
        "add_group": _("Add a group"),
        "remove": _("Remove"),
        "group": _("Group"),
        "what": _("What"),
        "how": _("How"),
        "value": _("Value"),
        "choose": _("Choose …"),
        "add_choice": _("Add …"),
        "lines": _("One per line"),
        "gone": _("This condition no longer exists; remove it."),
        "gone_choice": _("(gone)"),
        "counting": _("Counting …"),
        "failed": _("The contacts could not be counted."),
    }


def count(tree: Any, *, profile_only: bool = False) -> dict[str, Any]:
    """How many contacts a tree means, in words: what the builder says below the rows, or what is wrong."""
    try:
        tree = conditions.tidy(tree)
        conditions.validate(tree, profile_only=profile_only)
    except conditions.BadConditions as error:
        return {"errors": error.messages}
    found = _within_seconds(lambda: conditions.matching(tree).order_by().values("pk")[: MOST + 1].count())
    if found is None:
        sentence = _("Too many to count quickly.")
    elif found > MOST:
        sentence = _grouped(_("More than %(count)d contacts match."), MOST)
    else:
        sentence = _grouped(ngettext("%(count)d contact matches.", "%(count)d contacts match.", found), found)
    return {"count": found, "sentence": sentence, "words": conditions.describe(tree)}


def _grouped(sentence: str, count: int) -> str:
    return sentence.replace("%(count)d", whole(count))


def _within_seconds(work: Callable[[], int]) -> int | None:
    try:
        with transaction.atomic():
            sql.limit_time(SECONDS)
            return work()
    except OperationalError:
        return None
