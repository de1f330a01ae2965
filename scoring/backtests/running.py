"""Carrying back-tests out: range by range behind the scenes, so that neither time nor memory grows with one request.

The row is the truth. A range and the note that it is done are one transaction: a crash costs a range, two workers share.
"""

from __future__ import annotations

import logging
import time
from array import array
from collections.abc import Iterator
from typing import Any

from django.core.exceptions import ValidationError
from django.db import InterfaceError, OperationalError, transaction
from django.utils import timezone

from scoring.backtests import books, cohorts
from scoring.models import BackTest, BackTestRange

State = BackTest.State
GOING = (State.WAITING, State.RUNNING)
SIZE = 5000  # contacts in a range

logger = logging.getLogger(__name__)


def ask(test: BackTest) -> BackTest:
    """Keep the question with the rules as they stand; `step` finds the answer."""
    test.books = books.kept(test, timezone.now())
    test.save()
    return test


def cancel(test: BackTest) -> bool:
    """Stop a back-test; False if it was over."""
    stopped = BackTest.objects.filter(pk=test.pk, state__in=GOING).update(
        state=State.CANCELLED, finished_at=timezone.now()
    )
    test.ranges.all().delete()
    return bool(stopped)


def carry(seconds: float) -> bool:
    """Carry on whatever was asked for, for a while; True if anything was done."""
    until, found = time.monotonic() + seconds, False
    while time.monotonic() < until and step():
        found = True
    return found


def step(test_id: int | None = None, size: int = SIZE) -> bool:
    """Look at the next contacts of the oldest back-test, or of this one, or compute its answer when all were looked at.

    False when there is nothing to do, or another worker has it. What goes wrong ends the back-test, and stands in it.
    """
    going = BackTest.objects.filter(state__in=GOING).order_by("pk")
    test = None
    try:
        with transaction.atomic():
            among = going if test_id is None else going.filter(pk=test_id)
            test = among.select_for_update(skip_locked=True, of=("self",)).select_related("group").first()
            if test is None:
                return False
            _advance(test, size)
    except (InterfaceError, OperationalError):
        raise  # the database is away or busy: nothing is lost, it is tried again
    except Exception as error:
        if test is None:
            raise
        logger.exception("back-test %s failed", test.pk)
        _fail(test, error)
    return True


def _advance(test: BackTest, size: int) -> None:
    everybody = cohorts.everybody(test)
    if test.total is None:
        test.total, test.state = everybody.count(), State.RUNNING
    ids = list(everybody.filter(pk__gte=test.next_id).values_list("pk", flat=True)[:size])
    if ids:
        found = cohorts.look(test, books.read(test), ids)
        BackTestRange.objects.create(
            backtest=test,
            first_id=ids[0],
            earlier=found.earlier,
            converted=[int(outcome) for outcome in found.converted],
            scores={name: [float(score) for score in scores] for name, scores in found.scores.items()},
        )
        test.next_id, test.seen = ids[-1] + 1, test.seen + len(ids)
    else:
        test.results, test.state, test.finished_at = _answer(test), State.DONE, timezone.now()
        test.ranges.all().delete()
    test.save()


def _answer(test: BackTest) -> dict[str, Any]:
    from scoring.backtests import answers, reports, verdicts  # numpy: a tenth of a second where nobody needs it

    converted, scores, earlier = _columns(test)
    outcomes = [outcome == 1 for outcome in converted]
    capacity = capacity_in(test)
    found = {name: reports.report(zip(column, outcomes, strict=True), capacity) for name, column in scores.items()}
    comparison = None
    if books.DRAFT in scores:
        comparison = verdicts.compare(zip(scores[books.TODAY], scores[books.DRAFT], outcomes, strict=True))
    return answers.dump(answers.Answer(found, comparison, len(outcomes), earlier))


def _columns(test: BackTest) -> tuple[array[int], dict[str, array[float]], int]:
    """All ranges as columns of plain numbers: nine bytes a contact, and eight for each further rulebook."""
    converted, earlier = array("b"), 0
    scores = {name: array("d") for name in test.books}
    for part in _ranges(test):
        converted.extend(part.converted)
        earlier += part.earlier
        for name, column in scores.items():
            column.extend(part.scores[name])
    return converted, scores, earlier


def _ranges(test: BackTest) -> Iterator[BackTestRange]:
    return test.ranges.order_by("first_id").iterator(chunk_size=4)


def capacity_in(test: BackTest) -> int | None:
    """How many leads sales can take in the time tested."""
    return None if test.capacity is None else max(1, round(test.capacity * test.horizon_days * 12 / 365))


def _fail(test: BackTest, error: Exception) -> None:
    known = isinstance(error, ValidationError)
    said = " ".join(error.messages) if known else f"{type(error).__name__}: {error}"  # type: ignore[attr-defined]
    BackTest.objects.filter(pk=test.pk, state__in=GOING).update(
        state=State.FAILED, error=said[:2000], finished_at=timezone.now()
    )
    test.ranges.all().delete()
