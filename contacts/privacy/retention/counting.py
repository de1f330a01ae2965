"""How much would go now, told within seconds: counted no further than need be, and not at all where that takes too long."""

from __future__ import annotations

import time
from collections.abc import Mapping

from django.db import OperationalError, transaction
from django.utils import timezone

from contacts import sql
from contacts.privacy.retention import policies, runs
from contacts.privacy.retention.kinds import in_order

MOST = 10_000
SECONDS = 3.0  # for all of them


def going(lengths: Mapping[str, int | None]) -> dict[str, int | None]:
    """For each kind with a length how many would go, at most `MOST` + 1; None: not counted in time."""
    until, now, counts = time.monotonic() + SECONDS, timezone.now(), dict[str, int | None]()
    reached = runs.reached(now)
    for kind in sorted(in_order(), key=lambda kind: kind.is_slow):
        due = policies.due(kind, lengths.get(kind.key), now, reached.get(kind.key))
        if due is None:
            continue
        counts[kind.key] = None
        if (left := until - time.monotonic()) > 0:
            try:
                with transaction.atomic():
                    sql.limit_time(max(1, round(left)))
                    counts[kind.key] = kind.count(due, MOST + 1)
            except OperationalError:  # it takes longer
                continue
    return counts
