"""The second button of a form: add to the draft. The same form and the same checks; the row stays as it is until published."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import UTC
from typing import Any, ClassVar

from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.core import signing
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Model
from django.forms import BaseModelFormSet, ModelForm
from django.forms.formsets import all_valid
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

from contacts.remarks import Remark
from contacts.wording import strung
from scoring import publications, sql
from scoring.models import Edit, Publication
from scoring.publishing.groups import OverallBounds, PointGroups
from scoring.publishing.types import Difference, State, publishables

SEEN = "_draft_seen"  # posted: which edit of the draft the form offered
STOOD = "_stood"  # posted: how the row stood when the form was opened


class Drafted:
    """Mixin of the form: it opens with what the draft says of the row, and refuses what a draft cannot hold."""

    drafting: ClassVar[tuple[Any, HttpRequest]]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        admin, request = self.drafting
        row = kwargs.get("instance")
        if not args and row is not None and admin.has_draft_permission(request, row) and (edit := admin.edit_of(row)):
            admin.fill(row, edit.after or {})
        super().__init__(*args, **kwargs)

    def clean(self) -> Any:
        cleaned = super().clean()  # type: ignore[misc]
        admin, request = self.drafting
        if admin.wants_draft(request):
            for name in admin.outside_drafts(self):
                self.add_error(name, _g("This does not wait in a draft: save it by itself, with “Save”."))  # type: ignore[attr-defined]
        if refused := getattr(request, "draft_refused", ""):
            raise ValidationError(refused)
        refused = getattr(request, "save_refused", "")
        if refused and (admin.inlines or self.has_changed()):  # type: ignore[attr-defined]  # pressed twice is saved once
            raise ValidationError(refused)
        return cleaned


class DraftingAdmin:
    """Mixin for admins of what drafts can edit. Saving stays what it is: in force from now on, at once."""

    draft_type: ClassVar[str]  # the key of its publishable
    draftable: ClassVar[Collection[str] | None] = None  # fields of the form that a draft holds; None: all
    actions_submit_line = ("add_to_draft",)
    at_once: ClassVar[Any] = ""  # what the page says of saving without a draft, where that may surprise
    change_form_before_template = "scoring/drafted.html"

    def draft_state(self, row: Any, formsets: Iterable[BaseModelFormSet[Any]]) -> State:
        """How the row would stand if what was posted, and found valid, were in force."""
        raise NotImplementedError

    def fill(self, row: Any, state: State) -> None:
        """Let the row, unsaved, say what a state says."""
        raise NotImplementedError

    # Whether, and what

    def has_draft_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        may = request.user.has_perm("scoring.change_publication")
        return bool(may and self.has_change_permission(request) and not getattr(obj, "archived_at", None))  # type: ignore[attr-defined]

    def wants_draft(self, request: HttpRequest) -> bool:
        opts = self.model._meta  # type: ignore[attr-defined]
        return request.method == "POST" and f"{opts.app_label}_{opts.model_name}_add_to_draft" in request.POST

    def edit_of(self, row: Model) -> Edit | None:
        """What the draft says of a row."""
        edits = Edit.objects.filter(publication__state=Publication.State.DRAFT, type=self.draft_type, ref_id=row.pk)
        return edits.select_related("author", "publication").first()

    def outside_drafts(self, form: Any) -> list[str]:
        return [] if self.draftable is None else [name for name in form.changed_data if name not in self.draftable]

    # The form

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)  # type: ignore[misc]
        return type(form.__name__, (Drafted, form), {"drafting": (self, request)})

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        if self.wants_draft(request) and (answer := self._into_draft(request, object_id)):
            return answer
        with transaction.atomic():
            is_saving = request.method == "POST" and not self.wants_draft(request)
            if is_saving:
                self.hold(object_id)
            row = self.get_object(request, unquote(object_id)) if object_id else None  # type: ignore[attr-defined]
            if is_saving and row is not None:
                request.save_refused = self._saved_meanwhile(request, row)  # type: ignore[attr-defined]
            context = (extra_context or {}) | self._told(request, row)
            answer_: HttpResponse = super().changeform_view(request, object_id, form_url, context)  # type: ignore[misc]
        return answer_

    def hold(self, object_id: str | None) -> None:
        """Let nobody else save this row until the transaction ends.

        The rules come before any row, as in `publications.publish`: else each of two would wait for the other.
        """
        sql.own_rules()

    @action(description=_("Add to the draft"), permissions=["draft"], icon="edit_note")
    def add_to_draft(self, request: HttpRequest, obj: Any) -> None:
        """The button; `changeform_view` sees to it before anything is saved."""

    def _told(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        """For the page: what the draft says of the row, and the button where the admin has none."""
        edit = self.edit_of(row) if row is not None else None
        told: dict[str, Any] = {"seen_name": SEEN, "seen": _stamp(edit), "stood_name": STOOD}
        if row is not None and self.has_change_permission(request, row):  # type: ignore[attr-defined]
            told["stood"] = self._as_it_stands(row)
        if STOOD in request.POST and not getattr(request, "save_refused", ""):
            told["stood"] = request.POST[STOOD]
        if SEEN in request.POST and not getattr(request, "draft_overtaken", False):
            told["seen"] = request.POST[SEEN]  # what else happened has not been shown yet
        if row is not None and self.at_once and self.has_draft_permission(request, row):
            told["at_once"] = self.at_once
        if row is None and self.draft_type not in TERMS_TYPES and self.has_draft_permission(request):
            told["actions_submit_line"] = self.get_actions_submit_line(request, None)  # type: ignore[attr-defined]
        if edit:
            told |= {
                "edit": edit,
                "changes": list(publishables[self.draft_type].differences(edit)),
                "outdated": publications.is_outdated(edit),
                "may_draft": self.has_draft_permission(request, row),
                "may_see": request.user.has_perm("scoring.view_publication"),
            }
        return told

    def _context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        """For the history page: the publications that changed this row."""
        context: dict[str, Any] = super()._context(request, row)  # type: ignore[misc]
        if request.user.has_perm("scoring.view_publication"):
            edits = Edit.objects.filter(type=self.draft_type, ref_id=row.pk, publication__published_at__isnull=False)
            context["published_with"] = edits.select_related("publication__author").order_by("-publication_id")[:20]
        return context

    # At once

    def _as_it_stands(self, row: Model) -> str:
        """How the row stands, and since when that is known: for the form, which gives it back with what was typed."""
        stands = {"state": publishables[self.draft_type].state(row.pk), "at": timezone.now().isoformat()}
        return signing.dumps(stands, salt=STOOD, compress=True)

    def _saved_meanwhile(self, request: HttpRequest, row: Model) -> str:
        """Why not to save over what somebody else saved while the form was open; empty if nobody did."""
        try:
            opened = signing.loads(request.POST.get(STOOD, ""), salt=STOOD)
        except signing.BadSignature:
            return ""  # a program, which looked at nothing
        stands = publishables[self.draft_type].state(row.pk)
        if opened["state"] == stands:
            return ""
        edit = Edit(type=self.draft_type, ref_id=row.pk, before=opened["state"], after=stands)
        changes = list(publishables[self.draft_type].differences(edit))
        return _g(
            "%(author)s saved this meanwhile: %(changes)s. Look at it again; saving now puts yours in its place."
        ) % {
            "author": self._author_since(row, opened["at"]) or _g("Somebody"),
            "changes": in_words(changes) if changes else _g("it was archived, or brought back"),
        }

    def _author_since(self, row: Model, at: str) -> Any:
        """Who made the latest version, if that was after a moment."""
        latest = next(iter(self.stood(row)), None)  # type: ignore[attr-defined]
        return latest.author if latest and latest.at and latest.at.isoformat() > at else None

    # Into the draft

    @transaction.atomic
    def _into_draft(self, request: Any, object_id: str | None) -> HttpResponse | None:
        """What was posted, put into the draft; None when the form has to be looked at again."""
        Publication.objects.select_for_update().filter(state=Publication.State.DRAFT).first()
        row = self.get_object(request, unquote(object_id)) if object_id else None  # type: ignore[attr-defined]
        if object_id and row is None:
            return None
        allowed = self.has_change_permission(request, row) if row else self.has_add_permission(request)  # type: ignore[attr-defined]
        if not allowed or not self.has_draft_permission(request, row):
            raise PermissionDenied
        form = self.get_form(request, row, change=row is not None, fields=None)(
            request.POST, request.FILES, instance=row
        )
        valid = form.is_valid()
        formsets, _inlines = self._create_formsets(request, form.instance, change=row is not None)  # type: ignore[attr-defined]
        if not (all_valid(formsets) and valid):
            request.draft_refused = _g("Nothing was added to the draft yet.")
            return None
        if row is None:
            self._begin(request, form)
        after = self.draft_state(form.instance, formsets)
        if object_id and (problem := self._overtaken(request, form.instance, after)):
            request.draft_refused, request.draft_overtaken = problem, True
            return None
        return self._add(request, form.instance, after, is_new=row is None)

    def _begin(self, request: HttpRequest, form: ModelForm[Any]) -> None:
        """A new row is made first, and does nothing until the draft is published."""
        row: Any = form.instance
        wanted, row.is_active = row.is_active, False
        row.save()
        self.log_addition(request, row, Remark(_("Made for the draft, switched off.")))  # type: ignore[attr-defined]
        row.is_active = wanted

    def _overtaken(self, request: HttpRequest, row: Any, after: State) -> str:
        """Why not to write over what somebody else did to this edit while the form was open; empty if nobody did."""
        edit = self.edit_of(row)
        if request.POST.get(SEEN, "") == _stamp(edit) or (edit and edit.after == after):
            return ""
        if edit is None:
            return _g("Meanwhile this was taken out of the draft, or published. Look at it again before adding it.")
        return _g(
            "%(author)s changed this in the draft meanwhile: %(changes)s. Look at it again; adding it now puts yours in its "
            "place."
        ) % {
            "author": edit.author or _g("Somebody"),
            "changes": in_words(publishables[self.draft_type].differences(edit)),
        }

    def _add(self, request: HttpRequest, row: Any, after: State, *, is_new: bool) -> HttpResponse:
        page = self.page("change", row.pk)  # type: ignore[attr-defined]
        publishable, edit = publishables[self.draft_type], self.edit_of(row)
        is_changed = publishable.state(row.pk) != after
        if not is_changed and (edit or not publishable.misses_past(row.pk)):
            if edit:
                publications.remove(edit, archive=False)
            text = _g("This is how it stands already: there is nothing to publish about it.")
            self.message_user(request, text, messages.WARNING)  # type: ignore[attr-defined]
            return HttpResponseRedirect(page)
        draft = publications.open_draft(request.user)
        edit = publications.add(draft, self.draft_type, row.pk, after, request.user, is_new=is_new)
        changes = in_words(publishable.differences(edit))
        self.log_change(request, row, Remark(_("Added to the draft: %(changes)s"), changes=changes))  # type: ignore[attr-defined]
        text = format_html(
            '{} <a class="underline" href="{}">{}</a>',
            _g("“%(name)s” waits in the draft. Nothing changes until it is published.") % {"name": edit.name},
            page,
            _g("Go on editing it"),
        )
        self.message_user(request, text, messages.SUCCESS)  # type: ignore[attr-defined]
        if not request.user.has_perm("scoring.view_publication"):
            return HttpResponseRedirect(page)
        return HttpResponseRedirect(reverse("admin:scoring_publication_change", args=[edit.publication_id]))


TERMS_TYPES = (PointGroups.key, OverallBounds.key)


def in_words(changes: Iterable[Difference]) -> str:
    """Differences in one line: “points +5 → +7; limit – → at most 3 times a week”."""
    return strung(f"{change.label} {change.before} → {change.after}" for change in changes) or _g("a new rule")


def in_utc(row: Any) -> Any:
    """The row, its window of time written as the database gives it back."""
    for name in ("active_from", "active_until"):
        if value := getattr(row, name):
            setattr(row, name, value.astimezone(UTC))
    return row


def _stamp(edit: Edit | None) -> str:
    return f"{edit.pk} {edit.at.isoformat()}" if edit else ""
