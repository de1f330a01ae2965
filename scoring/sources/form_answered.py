"""A certain answer was given in a form: closed questions only (choices, tick boxes, countries)."""

from __future__ import annotations

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import F, Q, QuerySet
from django.db.models.expressions import Combinable
from django.utils.translation import gettext_lazy as _

from scoring.sources.base import EventSource, Params, point_sources
from tracking.models import FormField, Kind, Subject


class QuestionField(forms.ModelChoiceField):
    def label_from_instance(self, obj: FormField) -> str:
        return f"{obj.form.name} · {obj.label}"


@point_sources.register
class FormAnswered(EventSource):
    key = "form_answered"
    label = _("Gives an answer in a form")
    kind = Kind.FORM_ANSWERED
    subject_type = Subject.Type.ANSWER

    class Form(forms.Form):
        question = QuestionField(
            queryset=FormField.objects.filter(type__in=FormField.CLOSED)
            .select_related("form")
            .order_by("form__name", "position"),
            label=_("Question"),
        )
        answers = forms.CharField(
            label=_("Answers"),
            widget=forms.Textarea(attrs={"rows": 3}),
            help_text=_("One per line, as in the form; “true” for a ticked box."),
        )

        def clean_answers(self) -> list[str]:
            answers = [line.strip() for line in self.cleaned_data["answers"].splitlines() if line.strip()]
            if not answers:
                raise ValidationError(_("Give at least one answer."))
            return answers

    def subjects(self, params: Params) -> QuerySet[Subject]:
        field = FormField.objects.filter(pk=params.get("question") or 0).first()
        if field is None:
            return Subject.objects.none()
        given = Q()
        for answer in _lines(params):
            given |= Q(key=f"{field.form_id}:{field.key}:{answer}"[:1300])
        return super().subjects(params).filter(given) if given else Subject.objects.none()

    def object_id(self) -> Combinable:
        return F("parent_id")

    def describe(self, params: Params) -> str:
        field = FormField.objects.filter(pk=params.get("question") or 0).first()
        return f"{self.label}: {field or _('a question that no longer exists')} = {', '.join(_lines(params))}"


def _lines(params: Params) -> list[str]:
    answers = params.get("answers") or []
    return answers.splitlines() if isinstance(answers, str) else list(answers)
