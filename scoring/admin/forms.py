"""Points on a form itself: an inline on the form's own page, brought by the app above it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.forms.models import BaseInlineFormSet
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from contacts.admin_base import TabularInline
from scoring import rules
from scoring.admin.limits import Reasonable, RuleForm
from scoring.models import PointAction, Repeat
from tracking import subjects
from tracking.models import Form, Subject

SOURCE = "form_submitted"


class FormPointsFormSet(BaseInlineFormSet):
    """Rows of points become point actions of the form: published on saving, archived on deleting."""

    author: Any = None

    def save_new(self, form: forms.ModelForm[PointAction], commit: bool = True) -> PointAction:
        return self._publish(form, super().save_new(form, commit=False))

    def save_existing(self, form: Any, obj: PointAction, commit: bool = True) -> PointAction:
        return self._publish(form, super().save_existing(form, obj, commit=False))

    def delete_existing(self, obj: PointAction, commit: bool = True) -> None:
        rules.archive(obj, self.author)

    def add_fields(self, form: Any, index: int | None) -> None:
        super().add_fields(form, index)
        repeat = form.fields["repeat"]
        if form.instance.pk and form.instance.repeat not in dict(repeat.choices):  # as it was set elsewhere
            repeat.choices = [*repeat.choices, (form.instance.repeat, form.instance.get_repeat_display())]

    def _publish(self, form: Any, action: PointAction) -> PointAction:
        subject = subjects.register(Subject.Type.FORM, action.form_id or self.instance.pk, str(self.instance))
        action.source, action.params = SOURCE, {"only": [subject.pk]}
        action.name = gettext("Form: %(name)s") % {"name": self.instance}
        action.save()
        rules.publish(action, author=self.author)
        return action


class FormPointsInline(Reasonable, TabularInline):  # type: ignore[misc,unused-ignore]
    model = PointAction
    form = RuleForm
    formset = FormPointsFormSet
    verbose_name = _("points for sending this form")
    verbose_name_plural = _("points for sending this form")
    fields = ("points", "group", "repeat")
    extra = 0

    def get_queryset(self, request: HttpRequest) -> QuerySet[PointAction]:
        rows: QuerySet[PointAction] = super().get_queryset(request)
        return rows.filter(archived_at__isnull=True)

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        formset = super().get_formset(request, obj, **kwargs)
        # Django refuses to delete what has versions; here deleting archives.
        form = type("PointsForm", (formset.form,), {"hand_clean_DELETE": lambda self: None})
        return type("FormSet", (formset,), {"author": request.user, "form": form})

    def formfield_for_choice_field(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "repeat":
            kwargs["choices"] = [choice for choice in Repeat.choices if choice[0] != Repeat.ONCE_PER_OBJECT]
            kwargs["initial"] = Repeat.ONCE
        return super().formfield_for_choice_field(db_field, request, **kwargs)


def add_to_form_page() -> None:
    """Put the inline onto the form's admin page, which knows nothing of points."""
    page = admin.site._registry.get(Form)
    if page is not None:
        type(page).inlines = [*page.inlines, FormPointsInline]


add_to_form_page()
