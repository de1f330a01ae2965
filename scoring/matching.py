"""Rules resolved against the dimension of subjects, so that scoring joins by key and never runs a pattern per event."""

from __future__ import annotations

import logging

from django.db.models import F, Q, QuerySet
from django.utils import timezone

from scoring import sql
from scoring.models import END, PointActionVersion
from scoring.sources import point_sources
from scoring.sources.base import EventSource
from tracking.models import Subject

logger = logging.getLogger(__name__)


def resolve(version: PointActionVersion, among: QuerySet[Subject] | None = None) -> None:
    """Write which subjects a version counts, among all or among these. Repeating adds nothing.

    The caller holds the rules (shared or owned), so that no subject and no version can miss each other.
    """
    source = point_sources.get(version.source)
    if not isinstance(source, EventSource):
        if source is None:
            logger.warning("version %s has an unknown source %r and counts nothing", version.pk, version.source)
        return
    subjects = source.subjects(version.params)
    if among is not None:
        subjects = subjects.filter(pk__in=among)
    sql.insert_matches(version.pk, subjects.order_by().annotate(object=source.object_id()).values_list("pk", "object"))


def resolve_new() -> None:
    """Resolve every version that counts, and every draft, against the subjects that appeared since the last batch.

    Uses the index `subject_unresolved`. A version that was superseded is resolved when it counts again (rules.set_intervals).
    """
    new = Subject.objects.filter(resolved_at__isnull=True)
    appeared = dict(new.values_list("pk", "type"))
    if not appeared:
        return
    counting = Q(valid_from__lt=F("valid_until"))
    for version in PointActionVersion.objects.filter(counting | Q(valid_from=END), kind__isnull=False):  # and drafts
        source = point_sources.get(version.source)
        if isinstance(source, EventSource) and source.subject_type in appeared.values():
            resolve(version, Subject.objects.filter(pk__in=list(appeared)))
    Subject.objects.filter(pk__in=list(appeared)).update(resolved_at=timezone.now())
