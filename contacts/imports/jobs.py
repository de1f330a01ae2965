"""An import from beginning to end: stage the file, look at it, start it, carry it on, cancel it.

The rows wait in the database, so any worker can carry an import on, and a crash costs nothing: each chunk and the note
that it is done are one transaction.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import IO, Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from contacts.holding import held
from contacts.imports import loading, reading, sql, targets
from contacts.imports.rows import Cleaned, Cleaner
from contacts.models import Contact, Import, ImportRow

CHUNK = 2000
LOOKED_AT = 1000  # lines checked before starting
INLINE = 2000  # up to so many lines, the import is done while its page loads
SECONDS = 45  # of work before a task hands over to the next
SILENT = timedelta(minutes=3)  # a running import that said nothing for so long has lost its worker
State = Import.State


def stage(file: IO[bytes], name: str, author: Any) -> Import:
    """Read a file into rows that wait, with a guess at what its columns are. Raises ValidationError if it is no use."""
    lines = reading.lines(file)
    headers = next(lines, (0, []))[1]
    if not headers:
        raise ValidationError(_("This file is empty."))
    with transaction.atomic():
        job = Import.objects.create(
            name=name[:200], author=author, headers=[header[:200] for header in headers], mapping=targets.guess(headers)
        )
        job.total = sql.copy_rows(job.pk, _as_json(lines))
        if not job.total:
            raise ValidationError(_("This file has a header but no lines below it."))
        job.save(update_fields=["total"])
    return job


def _as_json(lines: Iterator[reading.Line]) -> Iterator[tuple[int, str]]:
    for line, cells in lines:
        yield line, json.dumps(cells)


@dataclass(frozen=True)
class Look:
    """What the first lines of an import would do."""

    rows: list[Cleaned]
    new: int
    known: int

    @property
    def wrong(self) -> list[Cleaned]:
        return [row for row in self.rows if row.errors]


def look(job: Import) -> Look:
    """Check the first lines, changing nothing."""
    rows = _cleaned(job, job.rows.order_by("line")[:LOOKED_AT])
    emails = {row.email for row in rows if not row.errors}
    known = Contact.objects.filter(email__in=emails).count()
    return Look(rows, len(emails) - known, known)


def remap(job: Import, mapping: Sequence[str]) -> None:
    """Say what the columns are. Raises ValidationError for a mapping that cannot work."""
    known = {target.key for target in targets.available()}
    chosen = [key if key in known else "" for key in mapping][: len(job.headers)]
    used = [key for key in chosen if key]
    if len(set(used)) < len(used):
        raise ValidationError(_("Two columns cannot go to the same field."))
    if "email" not in used:
        raise ValidationError(_("Say which column is the email: it tells contacts apart."))
    job.mapping = chosen
    job.save(update_fields=["mapping"])


def start(job: Import) -> bool:
    """Let a looked-at import begin; False if it had begun before. Carry it on with `advance`."""
    ready = Import.objects.filter(pk=job.pk, state=State.DRAFT)
    return bool(ready.update(state=State.QUEUED, started_at=timezone.now(), heard_at=timezone.now()))


def cancel(job: Import) -> bool:
    """Stop an import; what is done stays done. False if there was nothing to stop."""
    stoppable = Import.objects.filter(pk=job.pk, state__in=[State.DRAFT, State.QUEUED, State.RUNNING])
    stopped = stoppable.update(state=State.CANCELLED, finished_at=timezone.now())
    if stopped:
        job.rows.filter(errors=[]).delete()
    return bool(stopped)


def advance(job_id: int, seconds: float = SECONDS) -> bool:
    """Carry a started import on for a while; True if there is more to do. Safe to run twice at once, and to repeat."""
    until = time.monotonic() + seconds
    while _chunk(job_id):
        if time.monotonic() > until:
            return True
    return False


def _chunk(job_id: int) -> bool:
    """One chunk, in one transaction; False when nothing is left to do here. Score crossings are held."""
    with held():
        going = Import.objects.select_for_update(skip_locked=True, no_key=True)
        job = going.filter(pk=job_id, state__in=[State.QUEUED, State.RUNNING]).first()
        if job is None:  # done, cancelled, or in the hands of another worker
            return False
        waiting = list(job.rows.filter(line__gt=job.done_line).order_by("line")[:CHUNK])
        if not waiting:
            _finish(job)
            return False
        _load(job, waiting)
    return True


def _load(job: Import, waiting: Sequence[ImportRow]) -> None:
    rows = _cleaned(job, waiting)
    if job.segment_id:
        for row in rows:
            row.values["segments"] = [*row.values.get("segments", []), job.segment_id]
    done = loading.load(rows, job.name)
    wrong = {row.line: [list(error) for error in row.errors] for row in rows if row.errors}
    for staged in waiting:
        staged.errors = wrong.get(staged.line, [])
    ImportRow.objects.bulk_update([staged for staged in waiting if staged.errors], ["errors"])
    job.state, job.done_line, job.heard_at = State.RUNNING, waiting[-1].line, timezone.now()
    job.done += len(waiting)
    job.created += done.created
    job.updated += done.updated
    job.unchanged += done.unchanged
    job.erased += done.erased
    job.failed += len(wrong)
    job.save()


def _finish(job: Import) -> None:
    job.state, job.finished_at = State.DONE, timezone.now()
    job.save(update_fields=["state", "finished_at"])
    job.rows.filter(errors=[]).delete()


def _cleaned(job: Import, rows: Iterable[ImportRow]) -> list[Cleaned]:
    cleaner = Cleaner(job.headers, job.mapping)
    return [cleaner.clean(row.line, row.cells) for row in rows]


def abandoned() -> list[int]:
    """The imports that should run and do not; forgets drafts nobody started within a day."""
    Import.objects.filter(state=State.DRAFT, created_at__lt=timezone.now() - timedelta(days=1)).delete()
    going = Import.objects.filter(state__in=[State.QUEUED, State.RUNNING], heard_at__lt=timezone.now() - SILENT)
    return list(going.values_list("pk", flat=True))
