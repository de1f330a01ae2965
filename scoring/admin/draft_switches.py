"""Bulk actions that switch rules or triggers on and off in the draft, where they wait, rather than at once."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.text import get_text_list
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.decorators import action

from contacts.remarks import Remark
from contacts.wording import quoted
from scoring import publications
from scoring.admin.drafting import DraftingAdmin, in_words
from scoring.publishing.types import publishables


class DraftSwitches(DraftingAdmin):
    """Mixin for admins of what is switched on and off. Names its actions `draft_on` and `draft_off`."""

    @action(description=_("Switch on, in the draft"), permissions=["draft"], icon="edit_note")
    def draft_on(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        self._switch_in_draft(request, queryset, active=True)

    @action(description=_("Switch off, in the draft"), permissions=["draft"], icon="edit_note")
    def draft_off(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        self._switch_in_draft(request, queryset, active=False)

    @transaction.atomic
    def _switch_in_draft(self, request: HttpRequest, queryset: QuerySet[Any], *, active: bool) -> None:
        """On top of what the draft says of each already; what was changed outside it since is left to whoever looks."""
        outdated, count = [], 0
        for row in queryset.filter(archived_at__isnull=True):
            edit = self.edit_of(row)
            if edit and publications.is_outdated(edit):
                outdated.append(row)
            else:
                count += self._put(request, row, (edit and edit.after) or {}, active)
        self._tell_drafted(request, count)
        if outdated:
            text = _g("%(names)s: changed outside the draft since. Open it, look, and add it again.")
            names = get_text_list([quoted(row) for row in outdated], _g("and"))
            self.message_user(request, text % {"names": names}, messages.WARNING)  # type: ignore[attr-defined]

    def _put(self, request: HttpRequest, row: Any, drafted: dict[str, Any], active: bool) -> bool:
        """Is there anything about it that was not so in the draft already?"""
        publishable, edit = publishables[self.draft_type], self.edit_of(row)
        stands = publishable.state(row.pk) or {}
        after = (drafted or stands) | {"is_active": active}
        if after == (drafted or stands):
            return False
        if after == stands:
            publications.remove(edit)  # type: ignore[arg-type]
            return True
        edit = publications.add(publications.open_draft(request.user), self.draft_type, row.pk, after, request.user)
        text = Remark(_("Added to the draft: %(changes)s"), changes=in_words(publishable.differences(edit)))
        self.log_change(request, row, text)  # type: ignore[attr-defined]
        return True

    def _tell_drafted(self, request: HttpRequest, count: int) -> None:
        text = ngettext(
            "%(count)d changed in the draft. Nothing changes until it is published.",
            "%(count)d changed in the draft. Nothing changes until it is published.",
            count,
        ) % {"count": count}
        if count and request.user.has_perm("scoring.view_publication"):  # type: ignore[union-attr,unused-ignore]
            address = reverse("admin:scoring_publication_change", args=[publications.open_draft(request.user).pk])
            text = format_html('{} <a class="underline" href="{}">{}</a>', text, address, _g("See the draft"))
        self.message_user(request, text, messages.SUCCESS if count else messages.WARNING)  # type: ignore[attr-defined]
