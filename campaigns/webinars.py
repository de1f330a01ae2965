"""Webinars: registrations as the events say, and the events people enter by hand."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from django.utils import timezone

from campaigns import merging_sql, sql
from campaigns.models import Registration, Webinar
from tracking import hits, subjects
from tracking.hits import NewHit
from tracking.models import Event, Kind, Subject

KEYS = uuid.UUID("c3c5b9ce-3a2e-4a2c-9d0f-8d6a4b0c6c11")  # never change: one hit per kind, webinar and contact
KINDS = (Kind.WEBINAR_REGISTERED, Kind.WEBINAR_ATTENDED, Kind.WEBINAR_MISSED)
NOTED = frozenset({*KINDS, Kind.FORM_SUBMITTED})  # the kinds of events that `note` has something to do with


def note(event_ids: Sequence[int]) -> None:
    """Keep what these events say of webinars, and register who submitted a registration form. Repeating changes nothing."""
    if not event_ids or not Webinar.objects.exists():
        return
    kinds = set(
        Event.objects.filter(pk__in=event_ids, kind__in=[*KINDS, Kind.FORM_SUBMITTED]).values_list("kind", flat=True)
    )
    if kinds & set(KINDS):
        sql.upsert_registrations(
            event_ids, registered=Kind.WEBINAR_REGISTERED, attended=Kind.WEBINAR_ATTENDED, missed=Kind.WEBINAR_MISSED
        )
    if Kind.FORM_SUBMITTED in kinds:
        _register_by_form(event_ids)


def note_anew(contact_ids: Sequence[int]) -> None:
    """Keep of these contacts what all their events say: some have changed hands."""
    Registration.objects.filter(contact__in=contact_ids).delete()
    if event_ids := merging_sql.webinar_events(contact_ids, [int(kind) for kind in KINDS]):
        sql.upsert_registrations(
            event_ids, registered=Kind.WEBINAR_REGISTERED, attended=Kind.WEBINAR_ATTENDED, missed=Kind.WEBINAR_MISSED
        )


def record(webinar: Webinar, kind: Kind, contact_ids: Collection[int], at: datetime | None = None) -> None:
    """Say that these contacts registered, attended or missed: a hit each, counted once however often it is said."""
    subject = subjects.register(Subject.Type.WEBINAR, webinar.pk, str(webinar))
    moment = at or min(timezone.now(), webinar.starts_at) if kind != Kind.WEBINAR_REGISTERED else at or timezone.now()
    hits.record_many(_hit(webinar.pk, kind, contact_id, subject.pk, moment) for contact_id in contact_ids)


def _register_by_form(event_ids: Sequence[int]) -> None:
    submitted = Event.objects.filter(
        pk__in=event_ids, kind=Kind.FORM_SUBMITTED, contact__isnull=False, subject__ref_id__isnull=False
    )
    by_form: dict[int, list[tuple[int, datetime]]] = {}
    for form_id, contact_id, at in submitted.values_list("subject__ref_id", "contact_id", "at"):
        by_form.setdefault(form_id or 0, []).append((contact_id, at))
    for webinar in Webinar.objects.filter(form__in=by_form):
        end = webinar.starts_at + timedelta(minutes=webinar.minutes)
        subject = subjects.register(Subject.Type.WEBINAR, webinar.pk, str(webinar))
        hits.record_many(
            _hit(webinar.pk, Kind.WEBINAR_REGISTERED, contact_id, subject.pk, at)
            for contact_id, at in by_form[webinar.form_id or 0]
            if at < end  # a form left open after the day registers nobody for the past
        )


def _hit(webinar_id: int, kind: Kind, contact_id: int, subject_id: int, at: datetime) -> NewHit:
    key = uuid.uuid5(KEYS, f"webinar {webinar_id} contact {contact_id} kind {int(kind)}")
    return NewHit(kind=kind, key=key, contact_id=contact_id, subject_id=subject_id, at=at)
