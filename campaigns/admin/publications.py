"""The draft, its preview and its publication; the publications there were, what came of them, and taking one back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse, StreamingHttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.text import capfirst
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from campaigns import publishing, triggers
from campaigns.actions.base import remembering_names
from campaigns.admin import publication_csv, publication_pages, publication_questions
from campaigns.admin.publication_list import PublicationList
from campaigns.decisions import Released
from campaigns.models import Firing
from contacts.admin_base import guarded
from contacts.numerals import number_in
from contacts.remarks import Remark
from scoring import previews, publications
from scoring.models import Publication
from scoring.publishing import naming
from tracking.doorbell import ring

State = Publication.State


@admin.register(Publication)
class PublicationAdmin(PublicationList):
    """Nobody adds or deletes one by hand: a draft begins with the first edit, and publications are the record."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_publish_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("scoring.publish_publication")  # type: ignore[union-attr,unused-ignore]

    def has_decide_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("campaigns.change_firing")  # type: ignore[union-attr,unused-ignore]

    # The page of one

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        publication = self._publication(request, object_id)
        if request.method == "POST":
            return self._edit(request, publication)
        with remembering_names():
            if publication.state == State.DRAFT:
                context = publication_pages.draft(publication)
                return self._answer(request, publication, "draft", context).render()
            return self._answer(
                request, publication, "publication", publication_pages.publication(publication)
            ).render()

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        pages: dict[str, Callable[..., HttpResponse]] = {
            "status": self.status,
            "publish": self.publish,
            "discard": self.discard,
            "roll-back": self.roll_back,
            "release": self.release,
            "decline": self.decline,
            "crossings.csv": self.crossings,
            "changes.csv": self.changes,
        }
        own = [
            path(f"<int:pk>/{name}", view(page), name=f"scoring_publication_{name.partition('.')[0].replace('-', '_')}")
            for name, page in pages.items()
        ]
        return [*own, *super().get_urls()]

    @guarded("view")
    def status(self, request: HttpRequest, pk: int) -> JsonResponse:
        """How far the preview, or the sweep of the publication, has come."""
        return JsonResponse(publication_pages.progress(self._publication(request, str(pk))))

    # The draft

    def _edit(self, request: HttpRequest, draft: Publication) -> HttpResponse:
        """The buttons of the draft's page."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        scope = publication_pages.scope_of(request.POST.get("scope"))
        if "publish" in request.POST:
            return HttpResponseRedirect(f"{self.page('publish', draft.pk)}?scope={scope}")
        try:
            with transaction.atomic():
                if not self._lock(draft):
                    raise ValidationError(_g("This draft was published or thrown away meanwhile."))
                if "preview" in request.POST:
                    previews.request(draft, scope)
                elif "remove" in request.POST:
                    self._remove(request, draft)
        except ValidationError as error:
            self.message_user(request, " ".join(error.messages), messages.ERROR)
        return HttpResponseRedirect(self.page("change", draft.pk))

    def _lock(self, draft: Publication) -> Publication | None:
        return Publication.objects.select_for_update().filter(pk=draft.pk, state=State.DRAFT).first()

    def _remove(self, request: HttpRequest, draft: Publication) -> None:
        number = request.POST["remove"]
        edit = draft.edits.filter(pk=number_in(number)).first()
        if edit is None:
            self.message_user(request, _g("It was taken out of the draft meanwhile."), messages.WARNING)
            return
        publications.remove(edit)
        self.log_change(request, draft, Remark(_("“%(name)s” taken out."), name=edit.name))
        text = _g("“%(name)s” was taken out of the draft.")
        if edit.is_new:
            text = _g("“%(name)s” was taken out of the draft and archived, as it had been made for it.")
        self.message_user(request, text % {"name": edit.name}, messages.SUCCESS)

    @guarded("change")
    def discard(self, request: HttpRequest, pk: int) -> HttpResponse:
        draft = self._draft(request, pk)
        if request.method != "POST":
            return self._confirm(request, draft, publication_questions.discarding(draft))
        return self._carry_out(
            request,
            draft,
            lambda: publications.discard(draft),
            Remark(_("The draft was thrown away.")),
            to="changelist",
        )

    @guarded("publish")
    def publish(self, request: HttpRequest, pk: int) -> HttpResponse:
        """What publishing will do, once more in numbers; and the button that does it."""
        draft = self._draft(request, pk)
        scope = publication_pages.scope_of(request.POST.get("scope") or request.GET.get("scope"))
        if request.method != "POST":
            return self._answer(request, draft, "publish", publication_pages.publishing(draft, scope))
        note, seen = request.POST.get("note", "").replace("\0", "").strip()[:300], request.POST.get("seen", "")
        return self._carry_out(
            request,
            draft,
            lambda: publications.publish(draft, scope, request.user, note, seen),
            Remark(_("Published.")),
        )

    @guarded("view")
    def crossings(self, request: HttpRequest, pk: int) -> StreamingHttpResponse:
        return self._download(request, pk, publication_csv.crossings)

    @guarded("view")
    def changes(self, request: HttpRequest, pk: int) -> StreamingHttpResponse:
        return self._download(request, pk, publication_csv.changes)

    def _download(
        self, request: HttpRequest, pk: int, lines: Callable[[Publication], Iterator[str]]
    ) -> StreamingHttpResponse:
        if not self._may_see(request):
            raise PermissionDenied
        draft = self._draft(request, pk)
        if draft.forecast_done_at is None:
            raise Http404
        answer = StreamingHttpResponse(lines(draft), content_type="text/csv; charset=utf-8")
        answer["Content-Disposition"] = f'attachment; filename="{lines.__name__}-{draft.pk}.csv"'
        return answer

    # What was published

    @guarded("publish")
    def roll_back(self, request: HttpRequest, pk: int) -> HttpResponse:
        publication = self._published(request, pk)
        if request.method != "POST":
            return self._confirm(request, publication, publication_questions.rolling_back(publication))
        return self._carry_out(
            request,
            publication,
            lambda: publishing.roll_back(publication, request.user),
            Remark(_("Rolled back: every score goes back to what it would be without it."))
            if publications.undoes(publication) is None
            else Remark(_("In force again: every score goes back to what it was with it.")),
        )

    @guarded("decide")
    def release(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self._decide(request, pk, publication_questions.releasing_all, triggers.release)

    @guarded("decide")
    def decline(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self._decide(request, pk, publication_questions.declining_all, triggers.decline)

    def _decide(
        self,
        request: HttpRequest,
        pk: int,
        asking: Callable[[QuerySet[Firing]], dict[str, Any]],
        decide: Callable[..., Released | int],
    ) -> HttpResponse:
        publication = self._publication(request, str(pk))
        held = Firing.objects.filter(publication=publication, state=Firing.State.HELD)
        if request.method != "POST":
            return self._confirm(request, publication, asking(held))
        released = decide is triggers.release
        self.note(request, held, Remark(_("Released.") if released else _("Declined.")))
        decided = decide(held, request.user)
        ring()
        if isinstance(decided, Released):
            text, count = str(decided), decided.acted
        else:
            count = decided
            text = ngettext("%(count)d declined.", "%(count)d declined.", count) % {"count": count}
        self.message_user(request, text, messages.SUCCESS if count else messages.WARNING)
        return HttpResponseRedirect(self.page("change", pk))

    # What all pages need

    def _publication(self, request: HttpRequest, object_id: str) -> Publication:
        found = self.get_object(request, object_id)
        if found is None:
            raise Http404
        if not self.has_view_permission(request, found):
            raise PermissionDenied
        return found  # type: ignore[no-any-return,unused-ignore]

    def _draft(self, request: HttpRequest, pk: int) -> Publication:
        """The draft; one that was published or thrown away meanwhile has a page that says so."""
        found = self._publication(request, str(pk))
        if found.state != State.DRAFT and request.method != "POST":
            raise Http404
        return found

    def _published(self, request: HttpRequest, pk: int) -> Publication:
        found = self._publication(request, str(pk))
        if found.state in (State.DRAFT, State.DISCARDED):
            raise Http404
        return found

    def _carry_out(
        self, request: HttpRequest, publication: Publication, work: Callable[[], Any], done: Remark, to: str = "change"
    ) -> HttpResponse:
        try:
            work()
        except ValidationError as error:
            self.message_user(request, " ".join(error.messages), messages.ERROR)
            return HttpResponseRedirect(self.page("change", publication.pk))
        ring()
        self.log_change(request, publication, done)
        self.message_user(request, done, messages.SUCCESS)
        return HttpResponseRedirect(self.page(to, *([publication.pk] if to == "change" else [])))

    def _may_see(self, request: HttpRequest) -> bool:
        """Who may not see contacts sees numbers here, no names."""
        return request.user.has_perm("contacts.view_contact")  # type: ignore[union-attr,unused-ignore]

    def _confirm(self, request: HttpRequest, publication: Publication, context: dict[str, Any]) -> HttpResponse:
        return self._answer(request, publication, "confirm", context)

    def _answer(
        self, request: HttpRequest, publication: Publication, page: str, context: dict[str, Any]
    ) -> TemplateResponse:
        publication.called = capfirst(naming.name(publication))
        common = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": publication,
            "publication": publication,
            "title": publication.called,
            "may_change": self.has_change_permission(request),
            "may_publish": self.has_publish_permission(request),
            "may_see": self._may_see(request),
            "may_decide": self.has_decide_permission(request),
            "back": self.page("change", publication.pk),
        }
        return TemplateResponse(request, f"campaigns/publications/{page}.html", common | context)
