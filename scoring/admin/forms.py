"""Points on a form itself: an inline on the form's own page, brought by the app above it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.forms.models import BaseInlineFormSet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from contacts.admin_base import TabularInline
from scoring import rules, sql
from scoring.admin.limits import Reasonable, RuleForm
from scoring.models import PointAction, Repeat
from scoring.sources import point_sources
from tracking import subjects
from tracking.admin.forms import copy_listeners
from tracking.models import Form, FormField, Subject

SOURCE = "form_submitted"


class FormPointsFormSet(BaseInlineFormSet):
    """Rows of points become point actions of the form: published on saving, archived on deleting."""

    author: Any = None

    def save(self, commit: bool = True) -> Any:
        if self.has_changed():
            sql.own_rules()  # before any row of them
        return super().save(commit)

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
    verbose_name = _("points rule")
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


def copy_points(request: HttpRequest, form: Form, made: Form) -> None:
    """The points that stand on a form's own page come along; rules that name the form count it alone, and that is said."""
    active = PointAction.objects.filter(archived_at=None).exclude(source="")
    if request.user.has_perm("scoring.add_pointaction"):
        for action in active.filter(form=form).order_by("pk"):
            _copied(action, made, request.user)
    others = [action for action in active.exclude(form=form).order_by("name") if _names(action, form)]
    if others:
        sentence = _("These rules name “%(form)s” and do not count the copy. Open them to add it:") % {"form": form}
        links = format_html_join(", ", '<a href="{}" class="underline">{}</a>', ((_page(one), one) for one in others))
        messages.warning(request, format_html("{} {}", sentence, links))


def _copied(action: PointAction, made: Form, author: Any) -> None:
    subject = subjects.register(Subject.Type.FORM, made.pk, str(made))
    copy = PointAction.objects.get(pk=action.pk)
    copy.pk, copy._state.adding, copy.form, copy.params = None, True, made, {"only": [subject.pk]}
    copy.name = gettext("Form: %(name)s") % {"name": made}
    copy.created_at = PointAction._meta.get_field("created_at").get_default()
    copy.save()
    rules.publish(copy, author=author)


def _names(action: PointAction, form: Form) -> bool:
    """Does the rule name this form, or one of its questions?"""
    source = point_sources.get(action.source)
    named = source.mentions(action.params) if source else {}
    own = Subject.objects.filter(type=Subject.Type.FORM, ref_id=form.pk).values_list("pk", flat=True)
    fields = form.fields.values_list("pk", flat=True)
    return bool(set(own) & set(named.get(Subject, ())) or set(fields) & set(named.get(FormField, ())))


def _page(action: PointAction) -> str:
    return reverse("admin:scoring_pointaction_change", args=[action.pk])


def add_to_form_page() -> None:
    """Put the inline onto the form's admin page, which knows nothing of points."""
    page = admin.site._registry.get(Form)
    if page is not None:
        type(page).inlines = [*page.inlines, FormPointsInline]
        copy_listeners.append(copy_points)


add_to_form_page()
