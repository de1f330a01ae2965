"""What a point source is: its key and words, the Django form of its parameters, and what it matches, as data.

Because a source says what it matches as a queryset, live scoring, replay, preview and "why" are one piece of code.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import F, Model, QuerySet
from django.db.models.expressions import Combinable
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from contacts.registry import Registry
from contacts.wording import labelled
from tracking.models import Kind, Subject

MOST_LINES = 500  # of a parameter

Params = dict[str, Any]
Mentions = Mapping[type[Model], Iterable[int]]


class Names:
    """The names of the rows that rules mention, fetched for a whole page of rules in one query per table."""

    def __init__(self, mentions: Iterable[Mentions]) -> None:
        wanted: dict[type[Model], set[int]] = {}
        for mentioned in mentions:
            for model, ids in mentioned.items():
                wanted.setdefault(model, set()).update(ids)
        self._found: dict[type[Model], dict[int, Model]] = {
            model: model._default_manager.in_bulk(ids) for model, ids in wanted.items() if ids
        }

    def of(self, model: type[Model], ids: Iterable[int]) -> list[str]:
        """The names of those that still exist, in their order."""
        found = self._found.get(model, {})
        return sorted(str(found[pk]) for pk in ids if pk in found)


class PointSource:
    key: str  # stored in rows: never rename
    label: Any  # what the marketer reads
    told: Any = ""  # what the person it is about reads
    help: Any = ""
    any_label: Any = ""  # what `describe` says where nothing narrows it
    # How often it may pay when the marketer has not said otherwise, as a scoring.models.Repeat value.
    repeat = "object"

    Form: type[forms.Form] = forms.Form  # the parameters; a source without any leaves it empty

    def mentions(self, params: Params) -> Mentions:
        """The rows the rule is about, whose names `describe` will ask for."""
        return {}

    def describe(self, params: Params, names: Names) -> str:
        """The rule in words, for lists and explanations; `scoring.wording` brings the names."""
        details = self.details(params, names) or self.any_label
        return self.said(details) if details else str(self.label)

    def details(self, params: Params, names: Names) -> str:
        """What narrows it; empty where anything of its kind counts."""
        return ""

    def plain_details(self, params: Params, names: Names) -> str:
        """The same as the person it is about is told it, after `told`."""
        return self.details(params, names)

    def said(self, details: object) -> str:
        """The label with its details, punctuated as the language does."""
        return labelled(self.label, details)


class EventSource(PointSource):
    """Earned when something happens: events of `kind` about one of `subjects(params)`."""

    kind: ClassVar[Kind]
    subject_type: ClassVar[str]

    def subjects(self, params: Params) -> QuerySet[Subject]:
        """The subjects whose events count; all of the type by default."""
        return Subject.objects.filter(type=self.subject_type)

    def object_id(self) -> Combinable:
        """What “once per object” means, as an expression over Subject."""
        return F("id")

    def most_objects(self, params: Params) -> int | None:
        """How many objects it can ever be about; None where new ones may come."""
        return None


class ChosenSubjects(EventSource):
    """An event source with one parameter: which subjects of its type, or any."""

    choose: Any = ""

    def __init__(self) -> None:
        self.Form = form_of({"only": SubjectsField(self.subject_type, label=self.choose)})

    def subjects(self, params: Params) -> QuerySet[Subject]:
        every = super().subjects(params)
        return every.filter(pk__in=chosen(params)) if params.get("only") else every

    def most_objects(self, params: Params) -> int | None:
        return len(chosen(params)) if params.get("only") else None

    def mentions(self, params: Params) -> Mentions:
        return {Subject: chosen(params)}

    def details(self, params: Params, names: Names) -> str:
        if not params.get("only"):
            return ""
        return ", ".join(names.of(Subject, chosen(params))) or gettext("nothing that exists any more")


def chosen(params: Params) -> list[int]:
    """The subjects a rule is narrowed to, as a `SubjectsField` named `only` stores them."""
    return [pk for pk in params.get("only") or [] if isinstance(pk, int)]


class SubjectsField(forms.ModelMultipleChoiceField):
    """Any number of subjects of one type; nothing chosen means any."""

    def __init__(self, subject_type: str, **kwargs: Any) -> None:
        super().__init__(
            queryset=Subject.objects.filter(type=subject_type).order_by("name"),
            **{"required": False, "help_text": _("Nothing chosen: any."), **kwargs},
        )


class LinesField(forms.CharField):
    """Several texts, one per line; cleaned to a list, and shown again as it was typed."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"widget": forms.Textarea(attrs={"rows": 3}), **kwargs})

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(map(str, value)) if isinstance(value, list) else value

    def clean(self, value: Any) -> Any:
        lines = [line.strip() for line in (super().clean(value) or "").splitlines() if line.strip()]
        if len(lines) > MOST_LINES:  # each is a part of one question to the database
            raise ValidationError(_("There are more than %(limit)d lines."), params={"limit": MOST_LINES})
        return lines


def form_of(fields: dict[str, forms.Field]) -> type[forms.Form]:
    """A form class of these fields, for sources that differ by what they choose from."""
    return type("Form", (forms.Form,), fields)


class ProfileSource(PointSource):
    """Held while true: points come when a contact begins to match and go when it stops."""

    repeat = "once"


point_sources: Registry[PointSource] = Registry("point source")
