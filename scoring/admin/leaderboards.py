"""Leaderboards: a page that answers who is hottest, who could be an ambassador, who to call first."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display

from contacts.admin.contact_list import ordering
from contacts.admin_base import BaremeAdmin, guarded
from contacts.conditions import ConditionsField
from scoring import leaderboards
from scoring.admin.offered import OfferedGroups
from scoring.models import Leaderboard, PointGroup

MOST = 500  # contacts on a board: it is a page to look at


def orders(request: HttpRequest) -> dict[int | None, str]:
    """The list of contacts by each score that it shows to this user, highest first: its address, by the score's group."""
    if not request.user.has_perm("contacts.view_contact"):
        return {}
    known = {"overall_score": None} | {f"score_{pk}": pk for pk in PointGroup.objects.values_list("pk", flat=True)}
    page = reverse("admin:contacts_contact_changelist")
    return {known[key]: f"{page}?o={place}" for key, place in ordering(request).items() if key in known}


class LeaderboardForm(OfferedGroups, ModelForm):
    conditions = ConditionsField(label=_("who"), required=False)

    class Meta:
        model = Leaderboard
        fields = ["name", "question", "group", "conditions", "size", "position"]

    def clean_size(self) -> int:
        size: int = self.cleaned_data["size"]
        if not 1 <= size <= MOST:
            raise ValidationError(_("Show from 1 to %(most)d contacts."), params={"most": MOST})
        return size


@admin.register(Leaderboard)
class LeaderboardAdmin(BaremeAdmin):
    empty_text = _("A leaderboard shows on the first page who is ahead.")
    form = LeaderboardForm
    list_display = ("name", "question", "score", "size", "position")
    list_select_related = ("group",)
    search_fields = ("name",)
    actions_list = ("to_board",)

    @display(description=_("score"), ordering="group")
    def score(self, board: Leaderboard) -> str:
        return str(board.group) if board.group else _g("Overall score")

    def get_urls(self) -> list[URLPattern]:
        board = path("board/", self.admin_site.admin_view(self.board), name="scoring_leaderboard_board")
        return [board, *super().get_urls()]

    @action(description=_("See the leaderboards"), icon="leaderboard", url_path="to-board", permissions=["view"])
    def to_board(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse(status=302, headers={"Location": reverse("admin:scoring_leaderboard_board")})

    @guarded("view")
    def board(self, request: HttpRequest) -> HttpResponse:
        boards = [leaderboards.shown(board) for board in Leaderboard.objects.select_related("group")]
        context: dict[str, Any] = self.admin_site.each_context(request) | {
            "title": _("Leaderboards"),
            "boards": boards,
            "orders": orders(request),
            "may_add": self.has_add_permission(request),
        }
        return TemplateResponse(request, "scoring/board.html", context)
