"""What a point source is: its key and words, the Django form of its parameters, and what it matches, as data.

Because a source says what it matches as a queryset, live scoring, replay, preview and "why" are one piece of code.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.db.models import F, QuerySet
from django.db.models.expressions import Combinable
from django.utils.translation import gettext_lazy as _

from contacts.registry import Registry
from tracking.models import Kind, Subject

Params = dict[str, Any]


class PointSource:
    key: str  # stored in rows: never rename
    label: Any  # what the marketer reads
    help: Any = ""
    # How often it may pay when the marketer has not said otherwise, as a scoring.models.Repeat value.
    repeat = "object"

    Form: type[forms.Form] = forms.Form  # the parameters; a source without any leaves it empty

    def describe(self, params: Params) -> str:
        """The rule in words, for lists and explanations."""
        return str(self.label)


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


class ChosenSubjects(EventSource):
    """An event source with one parameter: which subjects of its type, or any."""

    choose: Any = ""
    any_label: Any = ""

    def __init__(self) -> None:
        self.Form = form_of({"only": SubjectsField(self.subject_type, label=self.choose)})

    def subjects(self, params: Params) -> QuerySet[Subject]:
        every = super().subjects(params)
        return every.filter(pk__in=params["only"]) if params.get("only") else every

    def describe(self, params: Params) -> str:
        if not params.get("only"):
            return f"{self.label}: {self.any_label}"
        names = Subject.objects.filter(pk__in=params["only"]).order_by("name").values_list("name", flat=True)
        return f"{self.label}: {', '.join(names) or _('nothing that exists any more')}"


class SubjectsField(forms.ModelMultipleChoiceField):
    """Any number of subjects of one type; nothing chosen means any."""

    def __init__(self, subject_type: str, **kwargs: Any) -> None:
        super().__init__(
            queryset=Subject.objects.filter(type=subject_type).order_by("name"),
            **{"required": False, "help_text": _("Nothing chosen: any."), **kwargs},
        )


def form_of(fields: dict[str, forms.Field]) -> type[forms.Form]:
    """A form class of these fields, for sources that differ by what they choose from."""
    return type("Form", (forms.Form,), fields)


class ProfileSource(PointSource):
    """Held while true: points come when a contact begins to match and go when it stops."""

    repeat = "once"


point_sources: Registry[PointSource] = Registry("point source")
