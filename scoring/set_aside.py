"""One bad contact stops nobody: what breaks its batch is found by halving, and set aside with its error; the rest go on.

All work that comes in batches is done this way, each kind with its own idea of what to do with the one that fails.
"""

from __future__ import annotations

import logging
import traceback
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

from django.db import InterfaceError, OperationalError, transaction
from django.utils import timezone

from contacts.models import Change, Contact
from scoring.models import Adjustment, SetAside
from tracking.hits import storable

logger = logging.getLogger(__name__)
Work = SetAside.Work
PROGRAM_LIMIT = "54"  # the class of SQLSTATEs for what is too large or too complex, an index entry say
LONGEST = 20_000  # characters of an error that are kept: its last


def each(ids: Sequence[int], work: Callable[[Sequence[int]], int], put: Callable[[int, str], None]) -> int:
    """Do the work for all of these in one transaction, or where that fails for halves of them; how many it touched.

    The one that fails alone is handed to `put` with its error. Trouble of the database itself is raised: it is nobody's
    fault, and everything still waits.
    """
    if not ids:
        return 0
    try:
        with transaction.atomic():
            return work(ids)
    except Exception as error:
        if is_the_database(error):
            raise
        if len(ids) == 1:
            logger.exception("%s set aside", ids[0])
            put(ids[0], storable(traceback.format_exc()[-LONGEST:], LONGEST))
            return 1
        half = len(ids) // 2
        return each(ids[:half], work, put) + each(ids[half:], work, put)


def is_the_database(error: Exception) -> bool:
    """Is the database away or busy, so that the same work may succeed later? A value it cannot hold is the row's fault."""
    sqlstate = getattr(error.__cause__, "sqlstate", None) or ""
    return isinstance(error, OperationalError | InterfaceError) and not sqlstate.startswith(PROGRAM_LIMIT)


def note(work: str, ref_id: int, error: str, contact_id: int | None = None) -> None:
    """Set a piece of work aside; again: with its latest error. `contact_id`: whom it concerns, where the row does not say."""
    found = Contact.objects.filter(pk=contact_id or _contact_of(work, ref_id) or 0).first()
    row = SetAside(work=work, ref_id=ref_id, contact=found, error=error, at=timezone.now())
    SetAside.objects.bulk_create(
        [row],
        update_conflicts=True,
        unique_fields=["work", "ref_id", "contact"],
        update_fields=["error", "at"],
    )


def known(works: Iterable[str]) -> Mapping[str, list[int]]:
    """By kind of work, which are set aside: those who ask for what waits leave them out."""
    found: dict[str, list[int]] = defaultdict(list)
    for work, ref_id in SetAside.objects.filter(work__in=list(works)).values_list("work", "ref_id"):
        found[work].append(ref_id)
    return found


def _contact_of(work: str, ref_id: int) -> int | None:
    if work == Work.CHANGE:
        return Change.objects.filter(pk=ref_id).values_list("contact_id", flat=True).first()
    if work == Work.ADJUSTMENT:
        return Adjustment.objects.filter(pk=ref_id).values_list("contact_id", flat=True).first()
    return ref_id
