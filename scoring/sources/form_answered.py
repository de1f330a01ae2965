"""A certain answer was given in a form: closed questions only (choices, tick boxes, countries)."""

from __future__ import annotations

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from contacts.wording import labelled, quoted
from scoring.sources.base import EventSource, LinesField, Mentions, Names, Params, point_sources
from tracking.models import FormField, Kind, Subject


class QuestionField(forms.ModelChoiceField):
    def label_from_instance(self, obj: FormField) -> str:
        return f"{obj.form.name} · {obj.label}"


@point_sources.register
class FormAnswered(EventSource):
    key = "form_answered"
    label = _("Gives an answer in a form")
    told = _("You gave an answer in a form")
    kind = Kind.FORM_ANSWERED
    subject_type = Subject.Type.ANSWER

    class Form(forms.Form):
        question = QuestionField(
            queryset=FormField.objects.filter(type__in=FormField.CLOSED)
            .select_related("form")
            .order_by("form__name", "position"),
            label=_("Question"),
        )
        answers = LinesField(label=_("Answers"), help_text=_("One per line, as in the form; “true” for a ticked box."))

        def clean_answers(self) -> list[str]:
            answers: list[str] = self.cleaned_data["answers"]
            if not answers:
                raise ValidationError(_("Give at least one answer."))
            return answers

    def subjects(self, params: Params) -> QuerySet[Subject]:
        field = FormField.objects.filter(pk__in=_question(params)).first()
        if field is None:
            return Subject.objects.none()
        given = Q()
        for answer in _lines(params):
            given |= Q(key=f"{field.form_id}:{field.key}:{answer}"[:1300])
        return super().subjects(params).filter(given) if given else Subject.objects.none()

    def object_id(self) -> Combinable:
        return Coalesce("parent_id", "id")  # the form; the answer itself where its form is gone

    def most_objects(self, params: Params) -> int | None:
        return 1

    def mentions(self, params: Params) -> Mentions:
        return {FormField: _question(params)}

    def details(self, params: Params, names: Names) -> str:
        question = "".join(names.of(FormField, _question(params))) or _("a question that no longer exists")
        return f"{question} = {', '.join(_lines(params))}"

    def plain_details(self, params: Params, names: Names) -> str:
        question = "".join(names.of(FormField, _question(params)))
        return labelled(quoted(question), ", ".join(_lines(params))) if question else ""


def _question(params: Params) -> list[int]:
    question = params.get("question")
    return [question] if isinstance(question, int) else []


def _lines(params: Params) -> list[str]:
    answers = params.get("answers") or []
    return answers.splitlines() if isinstance(answers, str) else list(answers)
