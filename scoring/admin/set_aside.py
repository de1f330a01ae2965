"""What could not be done for one contact: what it was, why it failed, and trying it again."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy
from unfold.decorators import action, display

from contacts.admin_base import ReadOnlyAdmin
from contacts.remarks import Remark
from scoring import sweeps
from scoring.models import SetAside, Sweep
from tracking.doorbell import ring

Work = SetAside.Work
SHOWN = 160  # characters of the error in the list


@admin.register(SetAside)
class SetAsideAdmin(ReadOnlyAdmin):
    empty_text = _("Nothing had to be set aside: everything that happened was counted.")
    list_display = ("at", "who", "what", "reason")
    list_filter = ("work",)
    list_select_related = ("contact",)
    search_fields = ("contact__email__istartswith", "contact__last_name__istartswith")
    actions = ("try_again",)
    fields = ("who", "what", "meaning", "at", "trouble")
    readonly_fields = ("who", "what", "meaning", "trouble")

    class Media:
        css = {"all": ["tracking/admin.css"]}

    def has_retry_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("scoring.change_setaside")

    @action(description=_("Try again"), permissions=["retry"], icon="refresh")
    def try_again(self, request: HttpRequest, queryset: QuerySet[SetAside]) -> None:
        self.note(request, queryset, Remark(_("Tried again.")))
        count = sweeps.try_again(queryset)
        ring()
        sentence = ngettext_lazy("%(count)d will be tried again.", "%(count)d will be tried again.", "count")
        self.tell(request, count, sentence)

    @display(description=_("contact"), ordering="contact")
    def who(self, row: SetAside) -> str | SafeString:
        if row.contact is None:
            return "–"
        return format_html('<a class="text-primary-600" href="{}">{}</a>', row.contact.get_absolute_url(), row.contact)

    @display(description=_("what"), ordering="work")
    def what(self, row: SetAside) -> str | SafeString:
        """The kind of work; of a publication, which one."""
        label, page = row.get_work_display(), about(row)
        return format_html('<a class="text-primary-600" href="{}">{}</a>', page, label) if page else label

    @display(description=_("what this means"))
    def meaning(self, row: SetAside) -> Any:
        return MEANING[Work(row.work)]

    @display(description=_("error"))
    def reason(self, row: SetAside) -> str:
        return row.problem[:SHOWN]

    @display(description=_("error"))
    def trouble(self, row: SetAside) -> SafeString:
        return format_html('<pre class="bareme-error-text">{}</pre>', row.error)


MEANING: dict[Work, Any] = {
    Work.CHANGE: _("The contact's data is changed; what rules, segments and triggers make of it is not done yet."),
    Work.ADJUSTMENT: _("The adjustment is kept; its points are not in the score yet."),
    Work.SWEEP: _("Rules or weights were changed; this contact's score still follows the old ones."),
    Work.EXPIRY: _("Points of this contact have expired and are still in the score."),
    Work.FADING: _("The score is right; what a trigger or a segment should have done about it was not done."),
    Work.FORECAST: _("The preview of the draft leaves this contact out."),
}


def about(row: SetAside) -> str:
    """The page that tells more; empty where there is none."""
    if row.work == Work.ADJUSTMENT:
        return f"{reverse('admin:scoring_adjustment_changelist')}?aside=yes"
    publication = row.ref_id if row.work == Work.FORECAST else None
    if row.work == Work.SWEEP:
        publication = Sweep.objects.filter(pk=row.ref_id).values_list("publication", flat=True).first()
    return reverse("admin:scoring_publication_change", args=[publication]) if publication else ""
