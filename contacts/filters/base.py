"""What a contact filter is: a few declared inputs, and the database condition they make.

A filter declares as data what the builder draws, what validation accepts and what the sentence says (`Entry`,
`Operator`, `Input`); only `q()` is code. A rule in JSON: `{"filter": key, …entry's keys…, "op": operator, …inputs…}`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from django.db.models import BooleanField, Case, Exists, F, Func, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.expressions import NegatedExpression
from django.utils.translation import gettext_lazy as _

from contacts.filters.inputs import BadConditions, Input, shown
from contacts.models import Contact
from contacts.wording import labelled

EVERYBODY = Q(Value(True, BooleanField()))
NOBODY = Q(Value(False, BooleanField()))


def having(rows: QuerySet[Any]) -> Q:
    """The contacts to whom one of these rows (by its `contact`) belongs.

    As EXISTS: wherever in the tree it stands, the planner may join, anti-join, or look each contact up by index. An IN
    under OR or NOT would be compared row by row as soon as its list outgrows work_mem.
    """
    return Q(Exists(rows.filter(contact=OuterRef("pk"))))


class Within(Func):
    """Is one value among those of a (grouped) query? As EXISTS for the same reason: `Exists` would compare before it groups."""

    output_field = BooleanField()

    def as_sql(self, compiler: Any, connection: Any, **extra: Any) -> Any:  # type: ignore[override]  # no text to fill in
        value, rows = self.get_source_expressions()
        value_sql, value_params = compiler.compile(value)
        rows_sql, rows_params = compiler.compile(rows)
        return f"EXISTS (SELECT FROM {rows_sql} counted(id) WHERE counted.id = {value_sql})", [
            *rows_params,
            *value_params,
        ]


def within(ids: QuerySet[Any]) -> Q:
    """The contacts with one of these ids, where they come from a grouped query."""
    return Q(Within(F("pk"), Subquery(ids)))


def negated(q: Q) -> Q:
    """Exactly those whom `q` does not match: for SQL, NOT of an absent value would be nobody at all."""
    if len(q.children) == 1 and isinstance(q.children[0], Exists | Within | NegatedExpression) and not q.negated:
        return Q(~q.children[0])  # never absent, and joins better than CASE
    return Q(Case(When(q, then=Value(False)), default=Value(True), output_field=BooleanField()))


@dataclass(frozen=True)
class Operator:
    key: str
    label: Any
    inputs: tuple[Input, ...] = ()


@dataclass(frozen=True)
class Entry:
    """One line of the builder's picker: a filter, perhaps narrowed by fixed keys (`{"field": "country"}`)."""

    label: Any
    operators: tuple[Operator, ...]
    fixed: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Rule:
    """A leaf of the tree, understood."""

    filter: Filter
    entry: Entry
    operator: Operator
    values: Mapping[str, Any]

    @property
    def op(self) -> str:
        return self.operator.key

    @property
    def value(self) -> Any:
        return self.values.get("value")


class Filter:
    """A kind of condition. Subclasses say what they offer (`entries`) and whom a rule matches (`q`)."""

    key: ClassVar[str]  # stored in rows: never rename
    label: ClassVar[Any]
    family: ClassVar[Any]
    # True: depends on the contact's own data alone (fields, tags, segments, consent …), not on scores or behaviour.
    of_profile: ClassVar[bool] = True

    def entries(self) -> list[Entry]:
        """What the builder offers now."""
        raise NotImplementedError

    def entry(self, raw: Mapping[str, Any]) -> Entry | None:
        """The entry a rule is about; None where it is gone (an archived field is not: rows outlive it)."""
        return next(
            (entry for entry in self.entries() if all(raw.get(key) == value for key, value in entry.fixed.items())),
            None,
        )

    def q(self, rule: Rule, contacts: QuerySet[Contact] | None) -> Q:
        """Whom the rule matches. `contacts`, where given, are the only ones asked about: look no further."""
        raise NotImplementedError

    def words(self, rule: Rule) -> str:
        """The rule as a part of a sentence."""
        parts = [str(rule.entry.label), str(rule.operator.label)]
        for item in rule.operator.inputs:
            value = rule.values.get(item.name)
            if value is not None:
                parts += [str(item.before), item.words(value), str(item.after)]
            elif item.empty:
                parts.append(str(item.empty))
        return " ".join(part for part in parts if part)

    def read(self, raw: Mapping[str, Any], *, check_exists: bool = True) -> Rule:
        """Understand a leaf. Raises BadConditions with a sentence."""
        if (entry := self.entry(raw)) is None:
            raise BadConditions(_("what it asks about does not exist (any more)"))
        operator = next((operator for operator in entry.operators if operator.key == raw.get("op")), None)
        if operator is None:
            raise BadConditions(
                _("%(label)s: unknown operator “%(op)s”"), params={"label": entry.label, "op": shown(raw.get("op"))}
            )
        known = {"filter", "op", *entry.fixed, *(item.name for item in operator.inputs)}
        if unknown := sorted(map(str, raw.keys() - known)):
            raise BadConditions(
                _("%(label)s: unknown key “%(key)s”"), params={"label": entry.label, "key": shown(unknown[0])}
            )
        values = {}
        for item in operator.inputs:
            try:
                values[item.name] = item.clean(raw.get(item.name, None), check_exists=check_exists)
            except BadConditions as error:
                raise BadConditions(labelled(entry.label, error.messages[0])) from None
        return Rule(self, entry, operator, values)
