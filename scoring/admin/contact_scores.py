"""Pages about one contact's score: the time machine, and the letter that explains it to the person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _

from contacts.admin_base import ReadOnlyAdmin
from contacts.models import Contact
from scoring.explain import books, explain, letter_pdf, levels, moments
from scoring.explain import letter as letters
from scoring.explain.curve import curve
from scoring.explain.difference import GroupDifference, Part, Side, difference
from scoring.explain.drawing import draw
from scoring.explain.lines import Telling
from scoring.explain.marks import marks
from scoring.explain.statements import told_again
from scoring.models import ContactScore, PointGroup
from scoring.panels import NEWEST, cards

COMPARED = timedelta(days=30)
PARTS = {
    Part.HAPPENED: _("Happened"),
    Part.FADED: _("Faded"),
    Part.EXPIRED: _("Expired"),
    Part.CHANGED: _("Rule changed"),
}


@dataclass(frozen=True)
class Asked:
    """An instant and the rules asked about; `sentence` where what was asked made no sense."""

    at: datetime
    is_now: bool
    rules: str
    book: Any
    sentence: str = ""

    @property
    def typed(self) -> str:
        """As the field for it has it; empty for now."""
        return "" if self.is_now else timezone.localtime(self.at).strftime("%Y-%m-%dT%H:%M:%S")


@dataclass(frozen=True)
class Quick:
    """A link that asks something usual."""

    label: str
    query: str


@admin.register(ContactScore)
class ContactScoreAdmin(ReadOnlyAdmin):
    """No lists and forms of rows – contacts have lists, and scores are made from the ledger – but pages about one contact's."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return False  # nothing to lead to

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("<int:pk>/time-machine/", view(self.time_machine), name="scoring_contactscore_time_machine"),
            path("<int:pk>/letter.<str:form>", view(self.letter), name="scoring_contactscore_letter"),
        ]

    def time_machine(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The score at any instant under any rules, what makes it differ from that at another, and its curve."""
        contact = _contact(request, pk)
        if contact.merged_into_id:
            return HttpResponseRedirect(self.page("time_machine", contact.merged_into_id))
        now = timezone.now()
        main = _asked(request, "at", "rules", now, now)
        usual = now if main.at < now else now - COMPARED
        other = _asked(
            request, "with", "with_rules", usual, now, books.THEN if main.rules == books.THEN else main.rules
        )
        first, last = sorted([main, other], key=lambda one: one.at) if main.at != other.at else (other, main)
        found = difference(contact, Side(first.at, first.book), Side(last.at, last.book))
        drawn = curve(contact, None if main.rules == books.THEN else main.book)
        groups, sides = list(PointGroup.objects.all()), [(first, found.before), (last, found.after)]
        whole = next(counted for one, counted in sides if one is main)
        lately = next((counted for one, counted in sides if one.is_now and one.rules == main.rules), None)
        if lately is None:
            lately = explain(contact, at=now, book=books.read(main.rules, now), telling=Telling.SUMS)
        lines = [line for part in told_again(contact, lately, Telling.DAYS).groups for line in part.lines]
        statement = told_again(contact, whole, Telling.ALL, NEWEST)
        context = self.admin_site.each_context(request) | {
            "title": _g("Time machine: %(name)s") % {"name": contact},
            "opts": Contact._meta,
            "original": contact,
            "contact": contact,
            "main": main,
            "other": other,
            "first": first,
            "last": last,
            "sentences": [one.sentence for one in (main, other) if one.sentence],
            "choices": books.choices(),
            "statement": statement,
            "cards": list(cards(statement.groups)),
            "difference": found,
            "part_names": [PARTS[part] for part in found.parts],
            "tables": [_table(group, found.parts) for group in found.groups if group.rules],
            "drawing": draw(drawn, groups, lines, levels(), marks(contact.pk, drawn.dots[0].at)),
            "quick": _quick(now),
            "publications": _around(books.published()),
            "saves": _around(books.saved(), "now"),  # when it was saved, nothing had happened under it yet
            "letters": settings.LANGUAGES if main.rules == books.THEN else (),
        }
        return TemplateResponse(request, "scoring/time_machine.html", context)

    def letter(self, request: HttpRequest, pk: int, form: str) -> HttpResponse:
        """The explanation for the person, in the language asked for: a page (html), or a file to send (pdf).

        Of now, or as of a day or moment `at`, by the rules of then.
        """
        contact = _contact(request, pk)
        contact, language = contact.merged_into or contact, request.GET.get("language", "")
        if form not in ("html", "pdf") or language not in letters.LANGUAGES:
            raise Http404
        now = timezone.now()
        moment, sentence = _moment(request, "at", now, now)
        if sentence:
            self.message_user(request, sentence, messages.ERROR)
            return HttpResponseRedirect(contact.get_absolute_url())
        at = moment if moment < now else None
        found = letters.letter(contact, language, at)
        if form == "html":
            response = HttpResponse(found.html())
        else:
            response = HttpResponse(letter_pdf.pdf(found), content_type="application/pdf")
            response["Content-Disposition"] = f'attachment; filename="{letters.file_name(contact, form, at)}"'
        return response


def _table(group: GroupDifference, parts: Sequence[Part]) -> dict[str, Any]:
    """A group's rules that moved, each with its points by part; of the others only how many there are."""
    moved = [(rule, [rule.parts.get(part) for part in parts]) for rule in group.moved]
    return {"group": group, "moved": moved, "still": len(group.rules) - len(moved)}


def _contact(request: HttpRequest, pk: int) -> Contact:
    for permission in ("contacts.view_contact", "scoring.view_contactscore"):
        if not request.user.has_perm(permission):
            raise PermissionDenied
    contact = Contact.objects.filter(pk=pk).first()
    if contact is None:
        raise Http404
    return contact


def _asked(
    request: HttpRequest, at: str, rules: str, usual: datetime, now: datetime, usual_rules: str = books.THEN
) -> Asked:
    moment, sentence = _moment(request, at, usual, now)
    key = request.GET.get(rules) or usual_rules
    try:
        book = books.read(key, moment)
    except books.UnknownRules as unknown:
        key, book, sentence = books.THEN, books.read(books.THEN, moment), str(unknown)
    return Asked(moment, moment >= now, key, book, sentence)


def _moment(request: HttpRequest, name: str, usual: datetime, now: datetime) -> tuple[datetime, str]:
    """The moment that was typed; the usual one where none was, or with a sentence where that made no sense."""
    typed = request.GET.get(name, "").strip()
    if typed == "now":
        return now, ""
    try:
        return (moments.read(typed) if typed else usual), ""
    except moments.UnclearMoment as unclear:
        return usual, str(unclear)


def _quick(now: datetime) -> list[Quick]:
    """The score of some time ago, beside that of now."""
    ago = [(_g("Yesterday"), 1), (_g("A week ago"), 7), (_g("A month ago"), 30), (_g("A year ago"), 365)]
    found = [
        Quick(label, urlencode({"at": (now - timedelta(days=days)).isoformat(timespec="seconds"), "with": "now"}))
        for label, days in ago
    ]
    today = {"at": "now", "with": "now", "with_rules": books.TODAY}
    if books.draft():
        found.append(Quick(_g("Draft beside today’s rules"), urlencode({**today, "rules": books.DRAFT})))
    return found


def _around(changes: Sequence[books.Change], asked: str = "") -> list[Quick]:
    """What each change of the rules makes different, at the moment it came or at that asked for."""
    found = []
    for one in changes:
        at = asked or one.at.isoformat()
        query = {"at": at, "with": at, "with_rules": f"before-{one.key}", "rules": f"after-{one.key}"}
        found.append(Quick(one.name, urlencode(query)))
    return found
