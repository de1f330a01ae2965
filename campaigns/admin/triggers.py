"""Triggers: when, for whom, and what then. Switching one on first shows who is past the threshold already."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy
from unfold.decorators import action, display

from campaigns import publishing, sentences, triggers, versions
from campaigns.actions.base import remembering_names
from campaigns.admin.drafting import DraftedActionsFormSet, DraftingTriggers
from campaigns.admin.labels import NamesOnce
from campaigns.models import Firing, Trigger, TriggerAction, TriggerVersion
from campaigns.registry import actions
from contacts.admin_archive import ArchivedFilter, ArchivingAdmin
from contacts.admin_base import StackedInline, guarded
from contacts.conditions import ConditionsField
from contacts.remarks import Remark
from contacts.typed_params import TypedParamsForm
from scoring.admin.history import HistoryPage, Stood
from scoring.admin.offered import OfferedScores
from scoring.wording import Facts, in_force
from tracking.doorbell import ring

SAMPLE = 10


class TriggerForm(OfferedScores, forms.ModelForm):
    conditions = ConditionsField(
        label=_("And only if the contact"), help_text=_("Checked at the moment the score crosses. Empty: everybody.")
    )


class TriggerActionForm(TypedParamsForm):
    registry = actions

    class Meta:
        model = TriggerAction
        fields = ("type", "params", "position")


class TriggerActionInline(StackedInline):  # type: ignore[misc,unused-ignore]
    model = TriggerAction
    form = TriggerActionForm
    formset = DraftedActionsFormSet
    fields = ("type", "params", "position")
    verbose_name = _("action")
    verbose_name_plural = _("what happens then")
    ordering_field = "position"
    hide_ordering_field = True
    extra = 0


@admin.register(Trigger)
class TriggerAdmin(DraftingTriggers, NamesOnce, HistoryPage, ArchivingAdmin):
    empty_text = _(
        "A trigger acts when a score reaches a threshold: it sends an email, starts a campaign, tells another system."
    )
    form = TriggerForm
    inlines = (TriggerActionInline,)
    list_display = ("name", "when", "then", "waiting", "state")
    list_filter = (ArchivedFilter, "is_active", "group")
    list_select_related = ("group",)
    search_fields = ("name", "description")
    conditional_fields: ClassVar = {"rearm_at": "again == 'rearm'"}
    actions_detail = ("existing", "see_firings", "archive_this", "restore_this")
    fieldsets: ClassVar = [
        (None, {"fields": ["name", "description", "is_active"]}),
        (_("When"), {"fields": [("group", "direction"), "threshold", "conditions"]}),
        (_("How often"), {"fields": [("again", "rearm_at"), "active_from", "active_until"]}),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Trigger]:
        held = Firing.objects.filter(trigger=OuterRef("pk"), state=Firing.State.HELD)
        found: QuerySet[Trigger] = super().get_queryset(request)
        return found.prefetch_related("actions").annotate(has_held=Exists(held))

    @display(description=_("when"))
    def when(self, trigger: Trigger) -> str:
        return sentences.trigger(trigger)

    @display(description=_("then"))
    def then(self, trigger: Trigger) -> str:
        return sentences.consequences(trigger) or _g("nothing yet")

    @display(description=_("waiting"))
    def waiting(self, trigger: Trigger) -> str:
        if not trigger.has_held:  # type: ignore[attr-defined]
            return "–"
        text = _g("Held: decide")
        return format_html(
            '<a class="text-primary-600 font-semibold" href="{}">{}</a>', self._firings(trigger, "held"), text
        )

    @display(description=_("state"), label={"active": "success", "inactive": "warning", "archived": "info"})
    def state(self, trigger: Trigger) -> tuple[str, Any]:
        if trigger.archived_at:
            return "archived", _("Archived")
        return ("active", _("Active")) if trigger.is_active else ("inactive", _("Inactive"))

    def _firings(self, trigger: Trigger | str, state: str = "") -> str:
        address = self.page("changelist").replace("/trigger/", "/firing/")
        pk = trigger.pk if isinstance(trigger, Trigger) else trigger
        return f"{address}?trigger__id__exact={pk}" + (f"&state={state}" if state else "")

    # Saving: a version, and the question about those who are there already

    def save_model(self, request: HttpRequest, obj: Trigger, form: Any, change: bool) -> None:
        switched_on = obj.is_active and (not change or "is_active" in form.changed_data)
        self._hold_back(obj, switched_on=switched_on)
        super().save_model(request, obj, form, change)
        obj.moved = obj.is_active and not switched_on and not {*publishing.WHERE}.isdisjoint(form.changed_data)  # type: ignore[attr-defined]

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        self._publish(request, form.instance)
        if form.instance.moved and triggers.would_act(form.instance).exists():
            text = format_html(
                '{} <a class="underline" href="{}">{}</a>',
                _g("Contacts are past this threshold already: nothing is done for them unless you say so."),
                self.page("already", form.instance.pk),
                _g("See who they are"),
            )
            self.message_user(request, text, messages.WARNING)

    def _publish(self, request: HttpRequest, trigger: Trigger) -> None:
        versions.keep(Trigger.objects.get(pk=trigger.pk), request.user)  # type: ignore[arg-type]

    def _hold_back(self, trigger: Trigger, *, switched_on: bool) -> None:
        """Not active until the marketer has seen who is past the threshold already, if anybody is."""
        trigger.asks = switched_on and triggers.already(trigger).exists()  # type: ignore[attr-defined]
        if trigger.asks:  # type: ignore[attr-defined]
            trigger.is_active = False

    def response_add(self, request: HttpRequest, obj: Trigger, post_url_continue: str | None = None) -> HttpResponse:
        return self._ask(obj) or super().response_add(request, obj, post_url_continue)

    def response_change(self, request: HttpRequest, obj: Trigger) -> HttpResponse:
        return self._ask(obj) or super().response_change(request, obj)

    def _ask(self, obj: Trigger) -> HttpResponse | None:
        return HttpResponseRedirect(self.page("already", obj.pk)) if getattr(obj, "asks", False) else None

    # History

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        with remembering_names():
            return super().history_view(request, object_id, extra_context)

    def stood(self, row: Trigger) -> list[Stood]:
        kept = list(row.versions.select_related("author").order_by("-number"))
        now = versions.snapshot(row)
        return [
            Stood(
                version.number,
                said,
                _in_force(version, after),
                version.author,
                version.created_at,
                is_now=after is None and version.snapshot == now,
            )
            for version, said, after in zip(
                kept, versions.facts([one.snapshot for one in kept]), [None, *kept][: len(kept)], strict=True
            )
        ]

    def facts_now(self, row: Trigger) -> Facts:
        return versions.facts([versions.snapshot(row)])[0]

    @transaction.atomic
    def bring_back(self, request: HttpRequest, row: Trigger, number: int) -> HttpResponse | None:
        then, was_active = row.versions.get(number=number).snapshot, row.is_active
        versions.standing(row, then)
        self._hold_back(row, switched_on=row.is_active and not was_active)
        row.save()
        versions.put_actions(row, then["actions"])
        text = Remark(_("Version %(number)d was restored."), number=number)
        self.log_change(request, row, text)
        self.message_user(request, text)
        self._publish(request, row)
        return self._ask(row)

    # Those who are there already

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.existing_page)
        return [path("<int:pk>/already-there/", view, name="campaigns_trigger_already"), *super().get_urls()]

    @guarded("change")
    def existing_page(self, request: HttpRequest, pk: int) -> HttpResponse:
        trigger = self.get_object(request, str(pk))
        if trigger is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, str(pk))  # type: ignore[no-any-return,unused-ignore]
        if request.method == "POST" and request.POST.get("existing") in ("act", "mark"):
            return self._switch_on(request, trigger)
        acting = triggers.would_act(trigger)
        count = acting.count()
        sample = acting.order_by()[:SAMPLE] if count else ()  # whoever is found first: in order, all would be looked at
        context = {
            **self.admin_site.each_context(request),
            "title": _g("Contacts who are there already"),
            "opts": self.opts,
            "trigger": trigger,
            "sentence": sentences.trigger(trigger),
            "consequences": sentences.consequences(trigger),
            "past": triggers.already(trigger).count(),
            "acting": count,
            "sample": sorted(sample, key=lambda contact: contact.pk),
        }
        return TemplateResponse(request, "campaigns/existing.html", context)

    def _switch_on(self, request: HttpRequest, trigger: Trigger) -> HttpResponse:
        existing = "act" if request.POST["existing"] == "act" else "mark"
        count = triggers.switch_on(trigger, existing)  # type: ignore[arg-type]
        versions.keep(trigger, request.user)  # type: ignore[arg-type]
        ring()
        if existing == "act":
            text = Remark.counted(
                "The trigger is on; it acted for %(count)d contact.",
                "The trigger is on; it acted for %(count)d contacts.",
                count,
            )
        else:
            text = Remark.counted(
                "The trigger is on; %(count)d contact was marked and is left alone.",
                "The trigger is on; %(count)d contacts were marked and are left alone.",
                count,
            )
        self.log_change(request, trigger, text)
        self.message_user(request, text)
        return HttpResponseRedirect(self.page("change", trigger.pk))

    @action(
        description=_("Contacts who are there already"), icon="group", permissions=["change"], url_path="see-existing"
    )
    def existing(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return HttpResponseRedirect(self.page("already", object_id))

    @action(description=_("Firings"), icon="notifications_active", permissions=["view"], url_path="see-firings")
    def see_firings(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return HttpResponseRedirect(self._firings(object_id))

    def archiving_means(self, row: Trigger) -> str:
        return _g(
            "It does nothing any more from now on. What it did stays, and what waits for a decision goes on waiting."
        )

    # Lists

    actions = ("switch_off", "draft_on", "draft_off", "copy", "archive", "restore")

    @action(description=_("Switch off, at once"), permissions=["change"], icon="pause")
    def switch_off(self, request: HttpRequest, queryset: QuerySet[Trigger]) -> None:
        rows = list(queryset.filter(is_active=True))
        for trigger in rows:
            trigger.is_active = False
            trigger.save(update_fields=["is_active"])
            versions.keep(trigger, request.user)  # type: ignore[arg-type]
        self.note(request, queryset.filter(pk__in=[trigger.pk for trigger in rows]), Remark(_("Switched off.")))
        self.tell(request, len(rows), ngettext_lazy("%(count)d switched off.", "%(count)d switched off.", "count"))

    @action(description=_("Copy, switched off"), permissions=["add"], icon="content_copy")
    def copy(self, request: HttpRequest, queryset: QuerySet[Trigger]) -> None:
        originals = list(queryset)
        for trigger in originals:
            steps = list(trigger.actions.all())
            trigger.pk, trigger._state.adding, trigger.is_active = None, True, False
            trigger.name = _g("Copy of %(name)s") % {"name": trigger.name[:130]}
            trigger.save()
            TriggerAction.objects.bulk_create(
                [TriggerAction(trigger=trigger, type=s.type, params=s.params, position=s.position) for s in steps]
            )
            self._publish(request, trigger)
        self.tell(request, len(originals), ngettext_lazy("%(count)d copied.", "%(count)d copied.", "count"))


def _in_force(version: TriggerVersion, after: TriggerVersion | None) -> str:
    stood = in_force(version.created_at, after.created_at if after else None)
    return stood if version.snapshot["is_active"] else _g("switched off, %(interval)s") % {"interval": stood}
