"""Tracking's kinds of data: what nobody knows who did, the details of what contacts did, submissions, files, and what waits.

What a contact did is never deleted: it is what their points are made of. It is **reduced**: by whom, what, to what and when
stays, all else goes. Scores, replays and proofs read nothing more than that, so none of them changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, Model, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from contacts import clock
from contacts.models import Consent, Contact
from contacts.privacy.retention import Due, Kind, Mark, Proposal, Rows, Step, Unit, holders, kinds
from tracking import daysums, statistics, uploads
from tracking import retention_sql as sql
from tracking.models import (
    Confirmation,
    Event,
    FormSubmission,
    HeldSubmission,
    Hit,
    OutageShare,
    PageTest,
    Upload,
    Verdict,
    Visitor,
)
from tracking.models import Kind as Deed
from tracking.retention_sql import Month

DEEDS = (
    Deed.EMAIL_OPENED, Deed.EMAIL_CLICKED, Deed.SMS_CLICKED, Deed.LANDING_PAGE_VISITED, Deed.PAGE_VISITED,
    Deed.FORM_SUBMITTED, Deed.ASSET_DOWNLOADED, Deed.WEBINAR_REGISTERED, Deed.WEBINAR_ATTENDED, Deed.CUSTOM, Deed.IDENTIFIED,
)  # fmt: skip
KEEPING: Sequence[type[Model]] = (FormSubmission, HeldSubmission, Hit)  # what files belong to, by its key
BATCH = 2000
HELD = 1000  # events whose contacts are held while they are reduced: a tenth of a second
MARGIN = timedelta(days=1)  # verdicts are settled so long before the first detail goes


@kinds.register
class AnonymousEvents(Kind):
    """Deleted day by day, or a month at once where nothing in it stays; counts of each day are kept for the statistics."""

    key = "anonymous_events"
    position = 0
    label = _("Visits of people we do not know")
    becomes = _(
        "Deleted. If the visitor says who they are later on, these visits no longer count. Statistics keep the counts of each "
        "day, but not where visitors came from."
    )
    default = 13

    def before(self, length: int, now: datetime) -> datetime:
        return but_for_tests(super().before(length, now))

    def count(self, due: Due, most: int | None = None) -> int:
        return sql.count_anonymous(due.before, most)

    def step(self, due: Due, mark: Mark) -> Step:
        if not mark:
            statistics.note_results(due.before)
            for month in sql.months():
                if month.until <= due.before and (count := sql.drop_month(month, _zone())) is not None:
                    return Step(count, {})
        since = datetime.fromisoformat(mark["since"]) if mark else clock.EARLIEST
        first = sql.first_anonymous(since, due.before)
        if first is None:
            return Step()
        day = timezone.localdate(first)
        begin, end = clock.midnight(day), min(clock.midnight(day + timedelta(days=1)), due.before)
        with transaction.atomic():
            daysums.open_again(begin, end)
            count = sql.delete_anonymous(max(begin, since), end, _zone(), BATCH)
        return Step(count, {"since": (begin if count else end).isoformat()})


@kinds.register
class DetailsOfEvents(Kind):
    key = "event_details"
    position = 10
    label = _("Details of what contacts did: their program and network, what was typed, queries of addresses")
    becomes = _(
        "Deleted. That the contact did it, what it was about and when stays as long as the contact: their points are made of it, "
        "and no score changes. What was taken for a person's or a machine's stays so; only a mark of the contact changes it."
    )
    default = 13

    def count(self, due: Due, most: int | None = None) -> int:
        return sql.count_detailed(due.since or clock.EARLIEST, due.before, most)

    def step(self, due: Due, mark: Mark) -> Step:
        """Month by month, by the numbers of the events, so that each is looked at once."""
        until = due.before + MARGIN
        for month in sql.months():
            begin = max(month.first, due.since or month.first)
            if begin >= min(month.until, until) or month.name < mark.get("month", ""):
                continue
            after = mark["after"] if mark.get("month") == month.name else 0
            if found := sql.pick(begin, min(month.until, until), after, HELD):
                return Step(self._reduce(found, month, due.before), {"month": month.name, "after": found[-1][0]})
        return Step()

    def _reduce(self, found: list[tuple[int, int]], month: Month, before: datetime) -> int:
        holders.hold(sorted({contact_id for _pk, contact_id in found}))
        return sql.reduce([pk for pk, _contact in found], month.first, month.until, before)


@kinds.register
class Browsers(Rows):
    key = "browsers"
    position = 20
    label = _("Browsers of people we do not know, since they were last seen")
    becomes = _("Deleted: the number in their cookie leads nowhere any more. If they come back, they are new.")
    default = 13

    def rows(self, due: Due) -> QuerySet[Any]:
        return Visitor.objects.filter(contact=None, last_seen_at__lt=due.before)


class RowsWithFiles(Rows):
    """What came by a form, with the files that came with it."""

    def let_go(self, rows: QuerySet[Any]) -> None:
        uploads.forget(uploads.of(rows.values_list("key", flat=True)))
        super().let_go(rows)


@kinds.register
class Answers(Rows):
    key = "submissions"
    position = 30
    label = _("What was answered in forms, with the files that were sent")
    becomes = _(
        "Deleted. That the form was sent, by whom and when stays, and so does what has gone into the contact's own fields."
    )
    usual = 36

    def rows(self, due: Due) -> QuerySet[Any]:
        return FormSubmission.objects.filter(at__lt=due.before).exclude(answers={}, url="")

    def let_go(self, rows: QuerySet[Any]) -> None:
        uploads.forget(uploads.of(rows.values_list("key", flat=True)))
        rows.update(answers={}, url="")


@kinds.register
class Spam(RowsWithFiles):
    key = "held_spam"
    position = 40
    label = _("Submissions held as spam")
    becomes = _("Deleted, with the files that came with them.")
    unit = Unit.DAYS
    default = 30

    def rows(self, due: Due) -> QuerySet[Any]:
        return HeldSubmission.objects.filter(at__lt=due.before)


@kinds.register
class Parked(RowsWithFiles):
    key = "parked_hits"
    position = 45
    label = _("Hits that could not be processed and wait in the inbox")
    becomes = _("Deleted, with the files that came with them: they never count.")
    default = 3

    def rows(self, due: Due) -> QuerySet[Any]:
        return Hit.objects.filter(parked_at__lt=due.before)


@kinds.register
class Confirmations(Rows):
    key = "confirmations"
    position = 50
    label = _("Confirmations by mail (double opt-in)")
    becomes = _("Deleted. The proof of each consent stays with the contact.")
    usual = 13

    def rows(self, due: Due) -> QuerySet[Any]:
        old = Confirmation.objects.filter(asked_at__lt=due.before)
        return old.filter(Q(confirmed_at__isnull=False) | Q(expires_at__lt=due.now))


@kinds.register
class ProgramsAndNetworks(Kind):
    key = "programs"
    position = 110
    label = _("Names of programs and shortened networks that no event names any more")
    becomes = _("Deleted, once a month.")
    default = 1
    is_slow = True  # all events are looked through

    def count(self, due: Due, most: int | None = None) -> int:
        found = sum(len(sql.unused(table, due.before, most)) for table in sql.OF)
        return found if most is None else min(found, most)

    def step(self, due: Due, mark: Mark) -> Step:
        """What is found while everything goes on is looked at again, for a moment, while nothing does.

        All events are looked through: so not every day, but when everything is looked at anew.
        """
        if due.since is not None:
            return Step()
        last, count = sql.last_event(), 0
        found = {table: sql.unused(table, due.before, BATCH) for table in sql.OF}
        if any(found.values()):
            holders.hold_all()
        for table, ids in found.items():
            if ids:
                count += sql.delete_unused(table, ids, due.before, last)
        return Step(count, {"more": True} if count and BATCH in map(len, found.values()) else None)


@kinds.register
class LostFiles(Kind):
    """Files whose submission was never kept, and files nothing names: left behind by a crash, or by what failed."""

    key = "lost_files"
    position = 120
    label = _("Uploaded files that belong to nothing")
    becomes = _("Deleted after a day.")
    unit = Unit.DAYS
    default = 1
    is_fixed = True

    def before(self, length: int, now: datetime) -> datetime:
        return now - timedelta(days=length)

    def count(self, due: Due, most: int | None = None) -> int:
        return int(self._rows(due)[:most].count())

    def step(self, due: Due, mark: Mark) -> Step:
        if not mark:
            lost = self._rows(due).order_by("pk")[:BATCH]
            return Step(uploads.forget(lost), {"folder": ""})
        folder = uploads.next_folder(mark["folder"])
        return Step() if folder is None else Step(uploads.sweep(folder, due.before), {"folder": folder})

    def _rows(self, due: Due) -> QuerySet[Upload]:
        rows = Upload.objects.filter(created_at__lt=due.before)
        kept = [model._default_manager.filter(key=OuterRef("submission_key")) for model in KEEPING]
        return rows.filter(*(~Exists(one) for one in kept))


@kinds.register
class InactiveContacts(Proposal):
    """Only proposed: whom to erase is a person's decision."""

    key = "inactive_contacts"
    position = 140
    label = _("Contacts who have done nothing")
    becomes = _("Never by itself. They are listed, for you to erase whom you choose.")
    usual = 36

    def contacts(self, due: Due) -> QuerySet[Contact]:
        """No open, click, visit, form, download, webinar or event of theirs since, and no answer about consent."""
        did = Event.objects.filter(
            contact=OuterRef("pk"), at__gte=due.before, kind__in=DEEDS, verdict__lt=Verdict.PROXY
        )
        said = Consent.objects.filter(contact=OuterRef("pk"), given_at__gte=due.before)
        old = Contact.objects.filter(merged_into=None, created_at__lt=due.before)
        return old.filter(~Exists(did), ~Exists(said)).order_by("pk")


@kinds.register
class Outages(Rows):
    key = "outages"
    position = 130
    label = _("The record of times without the database")
    becomes = _("Deleted. It names nobody.")
    usual = 36

    def rows(self, due: Due) -> QuerySet[Any]:
        return OutageShare.objects.filter(ended_at__lt=due.before)


def but_for_tests(before: datetime) -> datetime:
    """As long as variants of a page are being tried, no visit since then goes."""
    running = PageTest.objects.filter(started_at__isnull=False, ended_at__isnull=True).order_by("started_at")
    started = running.values_list("started_at", flat=True).first()
    return min(before, started) if started else before


def _zone() -> str:
    return timezone.get_current_timezone_name()
