"""The contacts' own kinds of data: lines of imported files, requests that were answered, the admin's history."""

from __future__ import annotations

from typing import Any

from django.contrib.admin.models import LogEntry
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from contacts.models import DataRequest, Import, ImportRow, Segment
from contacts.privacy.retention.kinds import Due, Rows, holders, kinds


@kinds.register
class ImportLines(Rows):
    key = "import_lines"
    position = 80
    label = _("Lines of imported files that could not be imported")
    becomes = _("Deleted. What the import did, and how many lines failed, stays.")
    default = 3

    def rows(self, due: Due) -> QuerySet[Any]:
        ended = [Import.State.DONE, Import.State.CANCELLED]
        return ImportRow.objects.filter(job__in=Import.objects.filter(state__in=ended, finished_at__lt=due.before))


@kinds.register
class AnsweredRequests(Rows):
    key = "data_requests"
    position = 90
    label = _("Requests for one's data, once they are done")
    becomes = _("Deleted. (Copies are made when they are fetched; none is kept.)")
    usual = 36

    def rows(self, due: Due) -> QuerySet[Any]:
        return DataRequest.objects.filter(done_at__lt=due.before)


@kinds.register
class History(Rows):
    key = "admin_log"
    position = 100
    label = _("The history of who changed what in these pages")
    becomes = _("Deleted. Versions of rules with their authors stay: they explain scores.")
    usual = 36

    def rows(self, due: Due) -> QuerySet[Any]:
        return LogEntry.objects.filter(action_time__lt=due.before)


holders.conditions.append(lambda: Segment.objects.values_list("conditions", flat=True))
