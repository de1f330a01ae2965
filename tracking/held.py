"""Submissions that look like spam: kept aside, and with one click what they would have been."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta

import orjson
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from tracking import hits, uploads
from tracking.hits import NewHit
from tracking.models import Form, HeldSubmission, Kind

logger = logging.getLogger(__name__)
MAX_A_DAY = 1_000  # of one form: a flood of spam is not worth the disk
KEPT = ("visitor_id", "subject_id", "url", "user_agent", "ip", "data")


def hold(form: Form, hit: NewHit, reasons: Sequence[str]) -> bool:
    """Keep this aside; False when the form has too much of it already today. Idempotent by the hit's key."""
    today = HeldSubmission.objects.filter(form=form, at__gte=timezone.now() - timedelta(days=1))
    if today[:MAX_A_DAY].count() >= MAX_A_DAY:
        logger.warning("form %s: another submission that looks like spam was dropped", form.pk)
        return False
    kept = {name: value for name, value in asdict(hit).items() if name in KEPT}
    as_json = hits.storable(orjson.loads(orjson.dumps(kept)), hits.MAX_TEXT * 5)
    row = HeldSubmission(form=form, key=hit.key, at=hit.at, reasons=list(reasons), hit=as_json)
    HeldSubmission.objects.bulk_create([row], ignore_conflicts=True)
    return True


def accept(rows: QuerySet[HeldSubmission]) -> int:
    """Let these in, as of when they were sent; how many. Two people at once let each in once. Ring after the commit."""
    with transaction.atomic():
        taken = list(rows.select_for_update(skip_locked=True).order_by("pk"))
        hits.record_many(
            NewHit(kind=Kind.FORM_SUBMITTED, key=row.key, at=row.at, **{name: row.hit[name] for name in KEPT})
            for row in taken
        )
        HeldSubmission.objects.filter(pk__in=[row.pk for row in taken]).delete()
    return len(taken)


def discard(rows: QuerySet[HeldSubmission]) -> int:
    """Delete these with their files; how many."""
    with transaction.atomic():
        keys = list(rows.select_for_update(skip_locked=True).values_list("key", flat=True))
        HeldSubmission.objects.filter(key__in=keys).delete()
        uploads.forget(uploads.of(keys))
    return len(keys)
