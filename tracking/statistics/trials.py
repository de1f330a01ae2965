"""What the variants of a page that is tried out came to."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from tracking import statistics_sql, subjects
from tracking.models import Kind, PageTest, PageVariant, Subject
from tracking.odds import Tally


def tallies(test: PageTest) -> list[tuple[PageVariant, Tally]]:
    """What each variant of a test came to, until its end: from the events, so long as they are all kept."""
    variants = list(test.variants.order_by("letter"))
    if test.result is not None:
        return [(variant, Tally(*test.result.get(variant.letter, (0, 0)))) for variant in variants]
    found = subjects.find([(Subject.Type.LANDING_PAGE, str(test.page_id)), (Subject.Type.FORM, str(test.page.form_id))])
    counts: dict[str, tuple[int, int]] = {}
    if test.started_at:
        values = {
            "page": found.get((Subject.Type.LANDING_PAGE, str(test.page_id))),
            "form": found.get((Subject.Type.FORM, str(test.page.form_id))),
            "visited": int(Kind.LANDING_PAGE_VISITED),
            "sent": int(Kind.FORM_SUBMITTED),
            "since": test.started_at,
            "until": test.ended_at or timezone.now(),
            "test": test.pk,
        }
        counts = statistics_sql.tally(values)
    return [(variant, Tally(*counts.get(variant.letter, (0, 0)))) for variant in variants]


def note_results(before: datetime) -> None:
    """Note what tests that began before a moment came to, once they have ended: their first events are about to go."""
    for test in PageTest.objects.filter(started_at__lt=before, ended_at__isnull=False, result__isnull=True):
        test.result = {variant.letter: [tally.visitors, tally.converted] for variant, tally in tallies(test)}
        test.save(update_fields=["result"])
