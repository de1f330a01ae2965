"""Campaigns: their steps in order, who starts, and who is where."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db.models import Count, Q, QuerySet
from django.forms.models import BaseInlineFormSet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy
from unfold.decorators import action, display

from campaigns import enrolments, sentences
from campaigns.admin import labels
from campaigns.models import Campaign, Enrolment, Step, StepRun
from campaigns.registry import steps
from contacts.admin_base import BaremeAdmin, ReadOnlyAdmin, ReadOnlyInline, StackedInline
from contacts.remarks import Remark
from contacts.typed_params import TypedParamsForm
from tracking.doorbell import ring


class StepForm(TypedParamsForm):
    registry = steps

    class Meta:
        model = Step
        fields = ("type", "params", "position")


class StepFormSet(BaseInlineFormSet):
    """A step that was taken out is archived: what was done for contacts names it."""

    def delete_existing(self, obj: Step, commit: bool = True) -> None:
        obj.archived_at = timezone.now()
        obj.save(update_fields=["archived_at"])


class StepInline(StackedInline):  # type: ignore[misc,unused-ignore]
    model = Step
    form = StepForm
    formset = StepFormSet
    fields = ("type", "params", "position")
    ordering_field = "position"
    hide_ordering_field = True
    extra = 0

    def get_queryset(self, request: HttpRequest) -> QuerySet[Step]:
        return super().get_queryset(request).filter(archived_at__isnull=True)  # type: ignore[no-any-return,unused-ignore]


@admin.register(Campaign)
class CampaignAdmin(labels.NamesOnce, BaremeAdmin):
    empty_text = _("A campaign leads contacts from step to step: emails, waiting, decisions, points.")
    list_display = ("name", "in_words", "waiting", "under_way", "finished", "state")
    list_filter = ("is_active",)
    search_fields = ("name", "description")
    autocomplete_fields = ("segments", "forms")
    inlines = (StepInline,)
    actions_detail = ("enrol_members", "see_enrolments")
    fieldsets: ClassVar = [
        (None, {"fields": ["name", "description", "is_active"]}),
        (
            _("Who starts"),
            {
                "fields": [("segments", "forms"), ("leave_with_segment", "allow_again")],
                "description": _("From now on, and besides those a trigger or a colleague starts it for."),
            },
        ),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Campaign]:
        found: QuerySet[Campaign] = super().get_queryset(request)
        return found.prefetch_related("steps").annotate(
            held_count=Count("enrolments", filter=Q(enrolments__state=Enrolment.State.HELD)),
            active_count=Count("enrolments", filter=Q(enrolments__state=Enrolment.State.ACTIVE)),
            finished_count=Count("enrolments", filter=Q(enrolments__state=Enrolment.State.FINISHED)),
        )

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Its history names it: switch it off instead."""
        return False

    @display(description=_("steps"))
    def in_words(self, campaign: Campaign) -> str:
        words = " → ".join(sentences.step(step) for step in campaign.steps.all() if step.archived_at is None)
        return words if len(words) <= 140 else words[:139] + "…"

    @display(description=_("waiting for release"), ordering="held_count")
    def waiting(self, campaign: Any) -> str | SafeString:
        if not campaign.held_count:
            return "–"
        page = f"{reverse('admin:campaigns_enrolment_changelist')}?campaign__id__exact={campaign.pk}&state__exact=held"
        return format_html('<a class="text-primary-600 font-semibold" href="{}">{}</a>', page, campaign.held_count)

    @display(description=_("under way"), ordering="active_count")
    def under_way(self, campaign: Campaign) -> int:
        return campaign.active_count  # type: ignore[attr-defined,no-any-return]

    @display(description=_("finished"), ordering="finished_count")
    def finished(self, campaign: Campaign) -> int:
        return campaign.finished_count  # type: ignore[attr-defined,no-any-return]

    @display(description=_("state"), label={"active": "success", "inactive": "warning"})
    def state(self, campaign: Campaign) -> tuple[str, Any]:
        return ("active", _("Active")) if campaign.is_active else ("inactive", _("Inactive"))

    @action(description=_("Start for the segments' members"), permissions=["change"], icon="group_add", url_path="enrol", dialog={
        "title": _("Start for the segments' members"),
        "description": _("Starts the campaign for everybody who is in one of its segments now and has not been in it."),
        "form_class": None,
        "form_submit_text": _("Start"),
    })  # fmt: skip
    def enrol_members(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        if campaign := self.get_object(request, object_id):
            count = enrolments.enrol_members(campaign)
            ring()
            sentence = Remark.counted("Started for %(count)d contact.", "Started for %(count)d contacts.", count)
            self.log_change(request, campaign, sentence)
            self.message_user(request, sentence)
        return HttpResponse(headers={"HX-Redirect": self.page("change", object_id)})

    @action(description=_("Enrolments"), permissions=["view"], icon="groups", url_path="see-enrolments")
    def see_enrolments(self, request: HttpRequest, object_id: str) -> HttpResponse:
        address = self.page("changelist").replace("/campaign/", "/enrolment/")
        return HttpResponseRedirect(f"{address}?campaign__id__exact={object_id}")


MEANING: dict[Enrolment.State, Any] = {
    Enrolment.State.HELD: _(
        "The contact came into the segment by bulk work: nothing was sent. It starts when it is released, if the contact is "
        "still in the segment by then, or when something else starts the campaign for them."
    ),
    Enrolment.State.DECLINED: _("Somebody decided that it shall not start."),
    Enrolment.State.OUTDATED: _("The contact left before it was released: it did not start."),
}


class StepRunInline(ReadOnlyInline):
    model = StepRun
    hide_title = True
    fields = ("what", "outcome", "at")
    readonly_fields = ("what",)
    verbose_name_plural = _("steps done")

    @display(description=_("step"))
    def what(self, run: StepRun) -> str:
        return sentences.step(run.step)


@admin.register(Enrolment)
class EnrolmentAdmin(ReadOnlyAdmin):
    """Read-only but for starting one by hand, leaving, and deciding about those that bulk work left waiting."""

    empty_text = _("Nobody is in a campaign yet.")
    list_display = ("contact", "campaign", "state_label", "reason", "note", "position", "due_at", "started_at")
    list_filter = ("state", "campaign", "reason")
    list_select_related = ("contact", "campaign")
    search_fields = ("contact__email__startswith",)
    inlines = (StepRunInline,)
    actions = ("release", "decline", "leave")
    fields = (
        "contact",
        "campaign",
        "state_label",
        "meaning",
        ("reason", "note"),
        ("started_at", "due_at", "ended_at"),
        ("position", "cycle"),
        ("decider", "decided"),
    )
    readonly_fields = ("state_label", "meaning", "decider", "decided")

    class Media:
        css = labels.CSS

    @display(description=_("state"), ordering="state")
    def state_label(self, enrolment: Enrolment) -> str:
        return labels.state(enrolment)

    @display(description=_("what this means"))
    def meaning(self, enrolment: Enrolment) -> Any:
        return MEANING.get(Enrolment.State(enrolment.state))

    @display(description=_("decided by"))
    def decider(self, enrolment: Enrolment) -> Any:
        return enrolment.decided_by

    @display(description=_("decided at"))
    def decided(self, enrolment: Enrolment) -> Any:
        return enrolment.decided_at and date_format(localtime(enrolment.decided_at), "DATETIME_FORMAT")

    def has_decide_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("campaigns.change_enrolment")  # type: ignore[union-attr,unused-ignore]

    @action(description=_("Release: start now"), permissions=["decide"], icon="play_arrow")
    def release(self, request: HttpRequest, queryset: QuerySet[Enrolment]) -> None:
        held = queryset.filter(state=Enrolment.State.HELD)
        self.note(request, held, Remark(_("Released.")))
        released = enrolments.release(held, request.user)  # type: ignore[arg-type]
        ring()
        self.message_user(request, str(released), messages.SUCCESS if released.acted else messages.WARNING)

    @action(description=_("Decline: do not start"), permissions=["decide"], icon="block")
    def decline(self, request: HttpRequest, queryset: QuerySet[Enrolment]) -> None:
        held = queryset.filter(state=Enrolment.State.HELD)
        self.note(request, held, Remark(_("Declined.")))
        count = enrolments.decline(held, request.user)  # type: ignore[arg-type]
        self.tell(request, count, ngettext_lazy("%(count)d declined.", "%(count)d declined.", "count"))

    @action(description=_("Leave the campaign"), permissions=["decide"], icon="logout")
    def leave(self, request: HttpRequest, queryset: QuerySet[Enrolment]) -> None:
        self.note(request, queryset, Remark(_("Left by hand.")))
        count = sum(
            enrolments.leave(enrolment.campaign, [enrolment.contact_id], str(request.user))
            for enrolment in queryset.select_related("campaign")
        )
        self.tell(request, count, ngettext_lazy("%(count)d left.", "%(count)d left.", "count"))

    # Starting by hand

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("campaigns.add_enrolment")  # type: ignore[union-attr,unused-ignore]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return super().get_fields(request, obj) if obj else ("contact", "campaign", "note")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return super().get_readonly_fields(request, obj) if obj else ()

    def get_inlines(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.inlines if obj else ()

    autocomplete_fields = ("contact", "campaign")

    def save_model(self, request: HttpRequest, obj: Enrolment, form: Any, change: bool) -> None:
        note = obj.note or str(request.user)
        if enrolments.enrol(obj.campaign, [obj.contact_id], Enrolment.Reason.MANUAL, note):
            ring()
        latest = Enrolment.objects.filter(campaign=obj.campaign, contact=obj.contact).order_by("-cycle").first()
        obj.pk = latest.pk if latest else None
