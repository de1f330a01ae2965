"""Forms: what they ask, what happens after sending, and the snippets to embed them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminSelect2MultipleWidget, UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from contacts.admin_archive import ArchivedFilter, ArchivingAdmin
from contacts.admin_base import CappedCount, by_post, guarded, post_button, shown_count
from contacts.remarks import Remark
from tracking import addresses, embedding, statistics
from tracking.admin import builder, form_preview, palette
from tracking.admin.mistakes import TellsMistakes
from tracking.admin.statistics import WithStatistics
from tracking.models import Form, FormField, FormSubmission, HeldSubmission
from tracking.statistics import Report, Span

# The apps above hear of a copy: (request, the form, its copy).
copy_listeners: list[Callable[[HttpRequest, Form, Form], None]] = []
TAB: dict[str, Any] = {"classes": ["tab"]}


class FormForm(forms.ModelForm):
    language = forms.ChoiceField(
        label=_("Language"),
        required=False,
        choices=[("", _("The visitor's")), *settings.LANGUAGES],
        widget=UnfoldAdminSelectWidget,
        help_text=_("Of its buttons and messages."),
    )

    notify_users = forms.ModelMultipleChoiceField(
        get_user_model().objects.filter(is_active=True).order_by("username"),
        label=_("Tell these colleagues"),
        required=False,
        widget=UnfoldAdminSelect2MultipleWidget,
        help_text=_("By email, with the answers."),
    )

    class Meta:
        model = Form
        fields = [
            "name",
            "is_active",
            "title",
            "button",
            "description",
            "language",
            "thank_you",
            "thank_you_message",
            "redirect_url",
            "asset",
            "segment",
            "notify_owner",
            "notify_users",
            "double_opt_in",
            "confirm_within_days",
            "confirm_message",
            "leave_out_known",
            "ask_at_most",
            "proof_of_work",
            "is_kiosk",
        ]
        widgets = {
            "description": UnfoldAdminTextareaWidget(attrs={"rows": 3}),
            "thank_you_message": UnfoldAdminTextareaWidget(attrs={"rows": 3}),
            "confirm_message": UnfoldAdminTextareaWidget(attrs={"rows": 2}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "confirm_within_days" in self.fields:
            self.fields["confirm_within_days"].required = False

    def clean_confirm_within_days(self) -> int:
        return self.cleaned_data["confirm_within_days"] or Form().confirm_within_days

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        after = values.get("thank_you")
        if after == Form.ThankYou.REDIRECT and not values.get("redirect_url") and "redirect_url" not in self.errors:
            self.add_error("redirect_url", _("Say which page to go to."))
        if after == Form.ThankYou.ASSET and not values.get("asset"):
            self.add_error("asset", _("Say what to offer."))
        return values


@admin.register(Form)
class FormAdmin(TellsMistakes, WithStatistics, ArchivingAdmin):
    empty_text = _("A form asks visitors who they are, and makes contacts of them.")
    form = FormForm
    list_display = ("name", "state", "submitted", "set_aside", "public_link")
    list_filter: ClassVar = [ArchivedFilter, "is_active"]
    search_fields = ("name", "title")
    autocomplete_fields = ("asset", "segment")
    readonly_fields = ("embed", "submissions")
    conditional_fields: ClassVar = {
        "thank_you_message": "thank_you != 'redirect'",
        "redirect_url": "thank_you == 'redirect'",
        "asset": "thank_you == 'asset'",
        "confirm_message": "double_opt_in",
        "confirm_within_days": "double_opt_in",
    }
    actions_detail = ("see_form", "see_statistics", "copy", "archive_this", "restore_this")

    class Media:
        css: ClassVar = {"all": ["tracking/admin.css", "tracking/builder.css"]}
        js = ("tracking/admin.js", "tracking/cards.js", "tracking/builder.js", "tracking/mistakes.js")

    def get_fieldsets(self, request: HttpRequest, obj: Form | None = None) -> Sequence[tuple[Any, dict[str, Any]]]:
        after: list[Any] = ["thank_you", "thank_you_message", "redirect_url", "asset", "segment"]
        after += [("notify_owner", "notify_users"), ("double_opt_in", "confirm_within_days"), "confirm_message"]
        visitors: list[Any] = [("leave_out_known", "ask_at_most"), "proof_of_work", "is_kiosk"]
        fieldsets: list[tuple[Any, dict[str, Any]]] = [
            (None, {"fields": [("name", "is_active"), ("title", "button"), "description", "language"]}),
            (_("After sending"), {"fields": after, **TAB}),
            (_("Visitors and robots"), {"fields": visitors, **TAB}),
        ]
        if obj:
            fieldsets.append((_("Embed"), {"fields": ["embed"], **TAB}))
            fieldsets.append((_("Submissions"), {"fields": ["submissions"], **TAB}))
        return fieldsets

    def get_inlines(self, request: HttpRequest, obj: Form | None) -> list[Any]:
        may = self.has_change_permission(request, obj) if obj else self.has_add_permission(request)
        fields = builder.FieldInline if may else builder.SeenFieldInline
        return [fields, *super().get_inlines(request, obj)]  # the apps above bring theirs

    def get_queryset(self, request: HttpRequest) -> QuerySet[Form]:
        def counted(model: type[Any]) -> CappedCount:
            return CappedCount(model.objects.filter(form=OuterRef("pk")).order_by().values("pk"))

        forms: QuerySet[Form] = super().get_queryset(request)
        return forms.annotate(submission_count=counted(FormSubmission), held_count=counted(HeldSubmission))

    # The builder

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_POST(self.preview))
        return [path("preview/", view, name="tracking_form_preview"), *super().get_urls()]

    @guarded("view")
    def preview(self, request: HttpRequest) -> HttpResponse:
        return form_preview.page(request)

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        extra = {
            **(extra_context or {}),
            "builder_palette": palette.cards(),
            "builder_icons": palette.ICONS,
            "builder_words": palette.words(),
            "builder_preview": self.page("preview"),
        }
        return super().changeform_view(request, object_id, form_url, extra)

    # What can be done with a form

    @action(
        description=_("See the form"),
        icon="open_in_new",
        permissions=["view"],
        url_path="see",
        attrs={"target": "_blank"},
    )
    def see_form(self, request: HttpRequest, object_id: str) -> HttpResponse:
        form = self.get_object(request, object_id)
        return HttpResponseRedirect(addresses.form(form) if form else self.page("changelist"))

    def has_copy_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return bool(self.has_add_permission(request))

    @action(
        description=_("Copy"), icon="content_copy", permissions=["copy"], url_path="copy", attrs=post_button("copy")
    )
    @by_post
    @transaction.atomic
    def copy(self, request: HttpRequest, object_id: str) -> HttpResponse:
        form = self.get_object(request, object_id)
        if form is None:
            return HttpResponseRedirect(self.page("changelist"))
        made = copied(form)
        self.log_addition(request, made, Remark(_("Copied from “%(name)s”."), name=form))
        self.message_user(request, _g("This is the copy. It is switched off until you say otherwise."))
        for listener in copy_listeners:
            listener(request, form, made)
        return HttpResponseRedirect(self.page("change", made.pk))

    def archiving_means(self, row: Form) -> str:
        return _g("Nobody can see it or send it any more, wherever it is embedded. What was sent stays.")

    def report(self, row: Form, days: Span) -> Report:
        return statistics.of_form(row, days)

    # What is shown

    @display(description=_("Embed"))
    def embed(self, form: Form) -> SafeString:
        return render_to_string("tracking/admin/snippets.html", {"snippets": embedding.of_form(form)})

    @display(description=_("Submissions"))
    def submissions(self, form: Form) -> SafeString:
        links = [
            (_list_of(FormSubmission, form), _("All submissions of this form")),
            (_list_of(HeldSubmission, form), _("What is held as spam")),
        ]
        return format_html_join(" ", '<p><a href="{}" class="bareme-more">{} →</a></p>', links)

    @display(description=_("state"), label={"on": "success", "off": "warning", "archived": "info"})
    def state(self, form: Form) -> tuple[str, Any]:
        if form.archived_at:
            return "archived", _("archived")
        return ("on", _("active")) if form.is_active else ("off", _("switched off"))

    @display(description=_("submissions"), ordering="submission_count")
    def submitted(self, form: Any) -> SafeString:
        return format_html(
            '<a class="bareme-more" href="{}">{}</a>',
            _list_of(FormSubmission, form),
            shown_count(form.submission_count),
        )

    @display(description=_("held as spam"), ordering="held_count")
    def set_aside(self, form: Any) -> SafeString | str:
        if not form.held_count:
            return "0"
        return format_html(
            '<a class="bareme-more" href="{}">{}</a>', _list_of(HeldSubmission, form), shown_count(form.held_count)
        )

    @display(description=_("address"))
    def public_link(self, form: Form) -> SafeString:
        return format_html(
            '<a class="bareme-more" href="{0}" target="_blank" rel="noopener">{0}</a>', addresses.form(form)
        )


@transaction.atomic
def copied(form: Form) -> Form:
    """A copy with all its fields, switched off."""
    colleagues, rows = list(form.notify_users.all()), list(form.fields.all())
    made = Form.objects.get(pk=form.pk)
    made.pk, made.public_id = None, Form._meta.get_field("public_id").get_default()
    made.name = _g("%(name)s (copy)") % {"name": form.name[:130]}
    made.is_active, made.archived_at, made._state.adding = False, None, True
    made.created_at = Form._meta.get_field("created_at").get_default()
    made.save()
    made.notify_users.set(colleagues)
    for row in rows:
        row.pk, row.form, row._state.adding = None, made, True
    FormField.objects.bulk_create(rows)
    return made


def _list_of(model: type[Any], form: Form) -> str:
    return reverse(f"admin:tracking_{model._meta.model_name}_changelist") + f"?form__id__exact={form.pk}"
