"""Landing pages: sections arranged beside their preview, published for a time, copied, archived."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import F, OuterRef, QuerySet, Subquery, Value
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST
from unfold.decorators import action, display

from contacts.admin_archive import ArchivedFilter, ArchivingAdmin
from contacts.admin_base import by_post, guarded, post_button
from contacts.numerals import number_in
from contacts.remarks import Remark
from tracking import addresses, experiments, formfields, images, sections, statistics
from tracking.admin.landing_page_form import LandingPageForm, unsaved
from tracking.admin.mistakes import TellsMistakes
from tracking.admin.sections import posted
from tracking.admin.statistics import WithStatistics
from tracking.models import LandingPage, PageTest
from tracking.sections.form import FormSection
from tracking.statistics import Report, Span
from tracking.views import pages
from tracking.views.drawing import speaking

TAB: dict[str, Any] = {"classes": ["tab"]}


@admin.register(LandingPage)
class LandingPageAdmin(TellsMistakes, WithStatistics, ArchivingAdmin):
    empty_text = _("A landing page makes one offer, with a form, and needs no programmer.")
    form = LandingPageForm
    list_display = ("title", "state", "form", "tested", "public_link")
    list_filter: ClassVar = [ArchivedFilter, "is_published"]
    list_select_related = ("form",)
    search_fields = ("title", "slug")
    autocomplete_fields = ("form",)
    prepopulated_fields: ClassVar = {"slug": ("title",)}
    actions_detail = ("preview", "visit", "see_statistics", "try_variants", "copy", "archive_this", "restore_this")
    fieldsets = (
        (None, {"fields": [("title", "slug"), ("form", "language"), "sections"]}),
        (
            _("Look"),
            {
                "fields": [("accent", "font"), "logo", "footer", ("imprint_url", "privacy_url")],
                "description": _("The colour is made lighter or darker where it could not be read otherwise."),
                **TAB,
            },
        ),
        (_("Search and sharing"), {"fields": ["description", "share_image"], **TAB}),
        (
            _("Publishing"),
            {
                "fields": ["is_published", "publish_from", "publish_until"],
                "description": _("Outside its window the page is not found; the preview shows it to you all the same."),
                **TAB,
            },
        ),
    )

    class Media:
        css: ClassVar = {"all": ["tracking/admin.css"]}

    def save_model(self, request: HttpRequest, obj: LandingPage, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if obj.form_id is None and any(one.get("type") == FormSection.key for one in obj.sections):
            text = _g("The section “Form” shows nothing yet: choose the form of this page, or take the section out.")
            self.message_user(request, text, messages.WARNING)

    # The builder

    def get_urls(self) -> list[URLPattern]:
        def guard(view: Any) -> Any:
            return self.admin_site.admin_view(require_POST(view))

        return [
            path("draw/", guard(self.draw), name="tracking_landingpage_draw"),
            path("upload/", guard(self.upload), name="tracking_landingpage_upload"),
            *super().get_urls(),
        ]

    @guarded("view")
    def draw(self, request: HttpRequest) -> HttpResponse:
        """The page as it stands in the editor, unsaved, drawn by the code that draws it for visitors."""
        page = unsaved(request)
        with speaking(page.language):
            drawn = None
            if page.form:
                answers = formfields.build(page.form, uid="preview")
                drawn = {"form": page.form, "answers": answers, "nonce": "preview", "action": "", "uid": "preview"}
            shown = sections.read(posted(request))
            return render(request, "tracking/landing_page.html", pages.context(page, shown, drawn=drawn))

    @guarded("view")
    def upload(self, request: HttpRequest) -> HttpResponse:
        if not (self.has_add_permission(request) or self.has_change_permission(request)):
            return JsonResponse({"error": _g("You may not add images.")}, status=403)
        file = request.FILES.get("file")
        if file is None:
            return JsonResponse({"error": _g("There is no file.")}, status=422)
        try:
            image = images.add(file)
        except ValidationError as error:
            return JsonResponse({"error": " ".join(error.messages)}, status=422)
        said = _g("“%(name)s” can be chosen now.") % {"name": image.name}
        return JsonResponse({"id": image.pk, "name": image.name, "said": said})

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        if request.method == "GET" and object_id and _is_tried(number_in(object_id)):
            said = _g("Variants of this page are being tried: who may be followed sees those, all others see this.")
            self.message_user(request, said, "warning")
        return super().changeform_view(request, object_id, form_url, extra_context)

    def get_queryset(self, request: HttpRequest) -> QuerySet[LandingPage]:
        open_tests = PageTest.objects.filter(page=OuterRef("pk"), ended_at=None).order_by(
            F("started_at").desc(nulls_last=True)
        )
        pages: QuerySet[LandingPage] = super().get_queryset(request)
        return pages.annotate(
            open_test=Subquery(open_tests.values("pk")[:1]),
            open_test_started_at=Subquery(open_tests.values("started_at")[:1]),
            may_test=Value(self.has_change_permission(request)),
        )

    # What can be done with a page

    @action(description=_("Preview"), icon="visibility", permissions=["view"])
    def preview(self, request: HttpRequest, object_id: str) -> HttpResponseRedirect:
        page = self.get_object(request, object_id)
        return HttpResponseRedirect(addresses.landing_path(page) + "?preview=1" if page else self.page("changelist"))

    @action(description=_("Open the public page"), icon="open_in_new", permissions=["view"])
    def visit(self, request: HttpRequest, object_id: str) -> HttpResponseRedirect:
        page = self.get_object(request, object_id)
        return HttpResponseRedirect(addresses.landing_page(page) if page else self.page("changelist"))

    def has_copy_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return bool(self.has_add_permission(request))

    @action(
        description=_("Test variants (A/B)"),
        icon="experiment",
        permissions=["change"],
        url_path="try",
        attrs=post_button("try"),
    )
    @by_post
    def try_variants(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """To the test that is drafted or running; else to a new draft."""
        page = self.get_object(request, object_id)
        if page is None:
            return HttpResponseRedirect(self.page("changelist"))
        test = page.tests.filter(ended_at=None).first()
        if test is None:
            test = experiments.draft(page, page.title)
            self.log_change(request, page, Remark(_("Drafted a test of variants.")))
        return HttpResponseRedirect(reverse("admin:tracking_pagetest_change", args=[test.pk]))

    @action(
        description=_("Copy"), icon="content_copy", permissions=["copy"], url_path="copy", attrs=post_button("copy")
    )
    @by_post
    def copy(self, request: HttpRequest, object_id: str) -> HttpResponse:
        page = self.get_object(request, object_id)
        if page is None:
            return HttpResponseRedirect(self.page("changelist"))
        made = copied(page)
        self.log_addition(request, made, Remark(_("Copied.")))
        self.message_user(request, _g("This is the copy. Nobody sees it until you publish it."))
        return HttpResponseRedirect(self.page("change", made.pk))

    def archiving_means(self, row: LandingPage) -> str:
        return _g("Visitors no longer find it at its address. Its statistics stay.")

    def report(self, row: LandingPage, days: Span) -> Report:
        return statistics.of_landing_page(row, days)

    # What is shown

    @display(
        description=_("state"), label={"open": "success", "closed": "warning", "draft": "info", "archived": "info"}
    )
    def state(self, page: LandingPage) -> tuple[str, Any]:
        if page.archived_at:
            return "archived", _("archived")
        if page.is_open():
            return "open", _("Published")
        return ("closed", _("Outside its window")) if page.is_published else ("draft", _("Draft"))

    @display(description=_("A/B test"))
    def tested(self, page: Any) -> SafeString | str:
        """The test that is drafted or running, or the way to begin one."""
        if page.open_test:
            words = _g("Running") if page.open_test_started_at else _g("Draft")
            address = reverse("admin:tracking_pagetest_change", args=[page.open_test])
        elif page.archived_at or not page.may_test:
            return "–"
        else:
            words, address = _g("Test variants"), f"{reverse('admin:tracking_pagetest_add')}?page={page.pk}"
        return format_html('<a class="bareme-more" href="{}">{}</a>', address, words)

    @display(description=_("address"))
    def public_link(self, page: LandingPage) -> SafeString:
        return format_html(
            '<a class="bareme-more" href="{0}" target="_blank" rel="noopener">{0}</a>', addresses.landing_page(page)
        )


def copied(page: LandingPage) -> LandingPage:
    """A copy under a free address, not published."""
    made = LandingPage.objects.get(pk=page.pk)
    made.pk, made._state.adding = None, True
    made.title = _g("%(name)s (copy)") % {"name": page.title[:180]}
    made.slug = _free_slug(page.slug)
    made.is_published, made.archived_at = False, None
    made.created_at = LandingPage._meta.get_field("created_at").get_default()
    made.save()
    return made


def _free_slug(slug: str) -> str:
    taken = set(LandingPage.objects.filter(slug__startswith=slug[:90]).values_list("slug", flat=True))
    number, free = 2, slug
    while free in taken:
        free, number = f"{slug[:90]}-{number}", number + 1
    return free


def _is_tried(page_id: int) -> bool:
    return PageTest.objects.filter(page=page_id, started_at__isnull=False, ended_at=None).exists()
