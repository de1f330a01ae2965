"""Firings: which score crossed for whom, and deciding about those that wait."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy
from unfold.decorators import action, display

from campaigns import panels, sentences, triggers
from campaigns.admin import labels
from campaigns.admin.publication_questions import declining, releasing
from campaigns.models import Delivery, Firing
from contacts.admin_base import ReadOnlyAdmin, ReadOnlyInline
from contacts.numerals import number_in
from contacts.remarks import Remark
from contacts.wording import labelled
from scoring.models import Publication
from tracking.doorbell import ring

MEANING: dict[Firing.State, Any] = {
    Firing.State.UNMET: _(
        "The score crossed while the contact did not meet the condition. A later crossing may still act."
    ),
    Firing.State.HELD: _(
        "Bulk work made the score cross: nothing was done. It acts when it is released, if it is still true by then."
    ),
    Firing.State.DECLINED: _("Somebody decided that nothing shall be done."),
    Firing.State.OUTDATED: _(
        "When it was to be released, the score was back or the condition was no longer met, or what had caused it was taken "
        "back. Nothing was done; a later crossing acts."
    ),
    Firing.State.MARKED: _("The score was past the threshold already when the trigger was switched on."),
}
PUBLICATIONS = 20  # that the filter offers


class DeliveryInline(ReadOnlyInline):
    model = Delivery
    hide_title = True
    fields = ("what", "state_label", "outcome", "attempt_count", "done_at")
    readonly_fields = ("what", "state_label")
    show_change_link = True
    verbose_name_plural = _("what was done")

    @display(description=_("action"))
    def what(self, delivery: Delivery) -> str:
        return sentences.delivery(delivery)

    @display(description=_("state"))
    def state_label(self, delivery: Delivery) -> str:
        return labels.state(delivery)


class StateFilter(admin.SimpleListFilter):
    """What happened and what waits; those who were past a threshold when a trigger was switched on only if asked for."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return Firing.State.choices

    def queryset(self, request: HttpRequest, queryset: QuerySet[Firing]) -> QuerySet[Firing]:
        return (
            queryset.filter(state=self.value())
            if self.value() in Firing.State.values
            else queryset.exclude(state=Firing.State.MARKED)
        )


class PublicationFilter(admin.SimpleListFilter):
    """Those that a publication caused: the latest few are offered, any can be asked for."""

    title = _("publication")
    parameter_name = "publication"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        causing = Publication.objects.filter(Exists(Firing.objects.filter(publication=OuterRef("pk"))))
        value = self.value() or ""
        wanted = causing.filter(pk=number_in(value))
        found = {one.pk: one for one in [*causing[:PUBLICATIONS], *wanted]}
        return [(str(pk), str(one)) for pk, one in sorted(found.items(), reverse=True)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Firing]) -> QuerySet[Firing]:
        if (value := self.value()) is None:
            return queryset
        return queryset.filter(publication_id=number_in(value))


@admin.register(Firing)
class FiringAdmin(ReadOnlyAdmin):
    empty_text = _("No score has crossed the threshold of a trigger yet.")
    list_display = ("at", "person", "trigger", "state_label", "movement", "cycle")
    list_filter = (StateFilter, "trigger", PublicationFilter)
    list_select_related = ("contact", "trigger__group")
    search_fields = ("contact__email__startswith", "trigger__name")
    inlines = (DeliveryInline,)
    actions = ("release", "decline")
    fields = (
        "contact",
        "the_trigger",
        "state_label",
        "meaning",
        "movement",
        "cycle",
        "at",
        "rearmed_at",
        "decider",
        "decided",
    )
    readonly_fields = ("state_label", "meaning", "movement", "the_trigger", "decider", "decided")

    class Media:
        css = labels.CSS

    @display(description=_("contact"), ordering="contact")
    def person(self, firing: Firing) -> str:
        return format_html('<a class="bareme-link" href="{}">{}</a>', firing.contact.get_absolute_url(), firing.contact)

    @display(description=_("state"), ordering="state")
    def state_label(self, firing: Firing) -> str:
        return labels.state(firing)

    @display(description=_("what this means"))
    def meaning(self, firing: Firing) -> Any:
        return MEANING.get(Firing.State(firing.state))

    @display(description=_("score"))
    def movement(self, firing: Firing) -> str:
        return panels.movement(firing)

    @display(description=_("trigger"))
    def the_trigger(self, firing: Firing) -> str:
        return labelled(firing.trigger, sentences.trigger(firing.trigger))

    @display(description=_("decided by"))
    def decider(self, firing: Firing) -> Any:
        return firing.decided_by

    @display(description=_("decided at"))
    def decided(self, firing: Firing) -> Any:
        return firing.decided_at and date_format(localtime(firing.decided_at), "DATETIME_FORMAT")

    def has_decide_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("campaigns.change_firing")  # type: ignore[union-attr,unused-ignore]

    @action(description=_("Release: act now"), permissions=["decide"], icon="play_arrow")
    def release(self, request: HttpRequest, queryset: QuerySet[Firing]) -> HttpResponse | None:
        """Asks first: what is released acts at once, and cannot be taken back."""
        held = queryset.filter(state=Firing.State.HELD)
        if "sure" not in request.POST:
            return self._ask(request, releasing(held))
        self.note(request, held, Remark(_("Released.")))
        released = triggers.release(held, request.user)  # type: ignore[arg-type]
        ring()
        self.message_user(request, str(released), messages.SUCCESS if released.acted else messages.WARNING)
        return None

    def _ask(self, request: HttpRequest, question: dict[str, Any]) -> HttpResponse:
        context = self.admin_site.each_context(request) | question
        context["posted"] = [
            (name, value)
            for name in ("action", "select_across", "_selected_action")
            for value in request.POST.getlist(name)
        ]
        return TemplateResponse(request, "campaigns/publications/confirm.html", context)

    @action(description=_("Decline: do nothing"), permissions=["decide"], icon="block")
    def decline(self, request: HttpRequest, queryset: QuerySet[Firing]) -> HttpResponse | None:
        """Asks first, too: what is declined never acts any more."""
        held = queryset.filter(state=Firing.State.HELD)
        if "sure" not in request.POST:
            return self._ask(request, declining(held))
        self.note(request, held, Remark(_("Declined.")))
        count = triggers.decline(held, request.user)  # type: ignore[arg-type]
        self.tell(request, count, ngettext_lazy("%(count)d declined.", "%(count)d declined.", "count"))
        return None
