"""Submissions: what people answered, as they answered it, with the files they sent; and what is kept aside as spam."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.db.models import QuerySet
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.template.defaultfilters import filesizeformat
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext, ngettext_lazy
from django.views.decorators.http import require_POST
from unfold.contrib.filters.admin import RangeDateFilter
from unfold.decorators import action, display

from contacts import wording
from contacts.admin_base import ReadOnlyAdmin, guarded
from contacts.numerals import number_in
from tracking import held, submissions_csv, uploads
from tracking.doorbell import ring
from tracking.models import Form, FormField, FormSubmission, HeldSubmission, Upload
from tracking.submissions_csv import said
from tracking.suspicion import Reason

SHOWN = 4  # answers in a list
NAMES = ("first_name", "last_name", "email")


class Answered(ReadOnlyAdmin):
    """What a list and a page of answers have in common."""

    class Media:
        css = {"all": ["tracking/admin.css"]}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).prefetch_related("form__fields")  # type: ignore[no-any-return,unused-ignore]

    @display(description=_("answers"))
    def in_short(self, row: Any) -> SafeString:
        """The first questions that were answered, with what was said. Who it is and what they agreed to, other lists say."""
        answers = {key: value for key, value in self.answers_of(row).items() if not is_empty(value)}
        known = set(_told_elsewhere(row.form)) if getattr(row, "contact_id", None) else ()
        asked = [(key, label) for key, label in labelled(row.form, answers) if key not in known][:SHOWN]
        lines = format_html_join("", "<div>{}</div>", [(_line(label, answers[key]),) for key, label in asked])
        rest = len(answers) - len(asked)
        more = ngettext("and %(count)d more", "and %(count)d more", rest) % {"count": rest} if rest else ""
        return format_html('<div class="bareme-said">{}{}</div>', lines, more)

    @display(description=_("answers"))
    def given(self, row: Any) -> SafeString:
        answers = self.answers_of(row)
        files = {file.field: file for file in Upload.objects.filter(submission_key=row.key)}
        lines = [(label, _shown(answers[key], files.get(key))) for key, label in labelled(row.form, answers)]
        return format_html('<dl class="bareme-answers">{}</dl>', format_html_join("", "<dt>{}</dt><dd>{}</dd>", lines))

    def answers_of(self, row: Any) -> Mapping[str, Any]:
        raise NotImplementedError


def is_empty(value: Any) -> bool:
    return value in (None, "", []) or value is False


def _told_elsewhere(form: Form) -> Iterator[str]:
    for field in form.fields.all():
        if field.contact_field in NAMES or field.type == FormField.Type.CONSENT:
            yield field.key


def _line(asked: str, answer: Any) -> SafeString:
    label, value = Truncator(asked.strip()).chars(60), Truncator(said(answer)).chars(80)
    pattern = "{} {}" if label.endswith(("?", "!", ".", ":")) else wording.labelled("{}", "{}")
    return format_html(pattern, format_html('<span class="bareme-asked">{}</span>', label), value)


def labelled(form: Form, answers: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The keys of the answers with their labels, in the order the form asks today; what it does not ask any more last."""
    labels = {field.key: field.label for field in form.fields.all()}
    yield from ((key, label) for key, label in labels.items() if key in answers)
    yield from ((key, key) for key in answers if key not in labels)


def _shown(value: Any, file: Upload | None) -> Any:
    if file is None:
        return said(value)
    url = reverse("admin:tracking_formsubmission_upload", args=[file.pk])
    return format_html('<a href="{}" class="bareme-more">{}</a> ({})', url, file.name, filesizeformat(file.size))


@admin.register(FormSubmission)
class FormSubmissionAdmin(Answered):
    empty_text = _("No form was sent yet.")
    list_display = ("at", "form", "contact", "in_short")
    list_filter = ("form", ("at", RangeDateFilter), ("contact", admin.EmptyFieldListFilter))
    list_select_related = ("form", "contact")
    search_fields = ("contact__email", "contact__last_name")
    fields = ("form", "contact", "at", "url", "given")
    readonly_fields = ("given",)
    ordering = ("-at", "-id")
    actions = ("export_chosen",)
    list_before_template = "tracking/admin/export_link.html"

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("export.csv", view(self.export), name="tracking_formsubmission_export"),
            path("upload/<uuid:pk>/", view(self.upload), name="tracking_formsubmission_upload"),
            *super().get_urls(),
        ]

    def answers_of(self, row: FormSubmission) -> Mapping[str, Any]:
        answers: Mapping[str, Any] = row.answers
        return answers

    @guarded("view")
    def upload(self, request: HttpRequest, pk: uuid.UUID) -> HttpResponseBase:
        """A file a visitor sent: for who may read submissions, as a download and nothing else."""
        file = Upload.objects.filter(pk=pk).first()
        try:
            return uploads.handed_out(file) if file else _gone()
        except OSError:
            return _gone()

    @guarded("view")
    def export(self, request: HttpRequest) -> HttpResponseBase:
        """The list as it is filtered, as CSV."""
        try:
            return _as_csv(self.get_changelist_instance(request).get_queryset(request))
        except IncorrectLookupParameters:
            return HttpResponseRedirect(self.page("changelist"))

    @action(description=_("Export as CSV"), permissions=["view"])
    def export_chosen(self, request: HttpRequest, queryset: QuerySet[FormSubmission]) -> HttpResponseBase:
        return _as_csv(queryset)


def _gone() -> HttpResponseBase:
    raise Http404(_g("This file is not there any more."))


def _as_csv(rows: QuerySet[FormSubmission]) -> StreamingHttpResponse:
    kind = _g("submissions")
    name = f"{kind}-{timezone.localdate():%Y-%m-%d}.csv"
    response = StreamingHttpResponse(submissions_csv.stream(rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["X-Content-Type-Options"] = "nosniff"
    return response


@admin.register(HeldSubmission)
class HeldSubmissionAdmin(Answered):
    empty_text = _(
        "Nothing looks like spam. What does is thanked like any other and waits here, until somebody lets it in."
    )
    list_display = ("at", "form", "why", "in_short", "let_in")
    list_filter = ("form", ("at", RangeDateFilter))
    list_select_related = ("form",)
    fields = ("form", "at", "why", "given")
    readonly_fields = ("given", "why")
    actions = ("accept", "discard")

    def answers_of(self, row: HeldSubmission) -> Mapping[str, Any]:
        answers: Mapping[str, Any] = row.hit.get("data", {}).get("answers", {})
        return answers

    def has_accept_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("tracking.change_heldsubmission")

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_POST(self.accept_one))
        return [path("accept/", view, name="tracking_heldsubmission_accept"), *super().get_urls()]

    @guarded("accept")
    def accept_one(self, request: HttpRequest) -> HttpResponse:
        self.accept(request, HeldSubmission.objects.filter(pk=number_in(request.POST.get("held", ""))))
        return HttpResponseRedirect(self.page("changelist"))

    @action(description=_("These are no spam: let them in"), permissions=["accept"], icon="check")
    def accept(self, request: HttpRequest, queryset: QuerySet[HeldSubmission]) -> None:
        count = held.accept(queryset)
        ring()
        self.tell(request, count, ngettext_lazy("%(count)d let in.", "%(count)d let in.", "count"))

    @action(description=_("Delete, with their files"), permissions=["accept"], icon="delete")
    def discard(self, request: HttpRequest, queryset: QuerySet[HeldSubmission]) -> None:
        count = held.discard(queryset)
        self.tell(request, count, ngettext_lazy("%(count)d deleted.", "%(count)d deleted.", "count"))

    @display(description=_("why"))
    def why(self, row: HeldSubmission) -> str:
        labels = dict(Reason.choices)
        return ", ".join(str(labels.get(reason, reason)) for reason in row.reasons)

    @display(description="")
    def let_in(self, row: HeldSubmission) -> SafeString:
        return format_html(
            '<button type="submit" class="bareme-more" name="held" value="{}" formaction="{}">{}</button>',
            str(row.pk),
            self.page("accept"),
            _("No spam: let it in"),
        )
