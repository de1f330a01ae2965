"""Registrations for webinars and who attended, as the events say."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from campaigns import webinars
from campaigns.models import Registration
from tests.campaigns.enrolling import event
from tests.factories import WebinarFactory
from tracking import hits, subjects
from tracking.hits import NewHit
from tracking.models import Form, Hit, Kind, Subject

pytestmark = pytest.mark.django_db


def registrations():
    return list(
        Registration.objects.order_by("contact__email").values_list("contact__email", "registered_at", "attended_at")
    )


def test_registrations_are_what_the_events_say(anne, briton):
    webinar = WebinarFactory()
    about = subjects.register(Subject.Type.WEBINAR, webinar.pk, webinar.name)
    early, late = datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 5, 2, tzinfo=UTC)
    ids = [
        event(Kind.WEBINAR_REGISTERED, anne, about, at=late),
        event(Kind.WEBINAR_REGISTERED, anne, about, at=early),
        event(Kind.WEBINAR_ATTENDED, briton, about, at=late),
    ]

    for _again in range(2):
        webinars.note(ids)

    assert registrations() == [("anne@example.com", early, None), ("briton@example.com", None, late)]


def test_a_registration_form_registers_once(anne):
    form = Form.objects.create(name="Register")
    webinar = WebinarFactory(form=form, starts_at=timezone.now() + timedelta(days=1))
    WebinarFactory(form=form, starts_at=timezone.now() - timedelta(days=1))
    about = subjects.register(Subject.Type.FORM, form.pk, form.name)

    for _again in range(2):
        webinars.note([event(Kind.FORM_SUBMITTED, anne, about)])

    hit = Hit.objects.get()
    subject = Subject.objects.get(type="webinar", ref_id=webinar.pk)
    assert (hit.kind, hit.contact_id, hit.subject_id) == (Kind.WEBINAR_REGISTERED, anne.pk, subject.pk)


def test_attendance_marked_twice_is_one_hit(anne):
    webinar = WebinarFactory()

    for _again in range(2):
        webinars.record(webinar, Kind.WEBINAR_ATTENDED, [anne.pk])

    assert list(Hit.objects.values_list("kind", "contact_id", "at")) == [
        (Kind.WEBINAR_ATTENDED, anne.pk, webinar.starts_at)
    ]


def test_hits_of_a_stable_key_are_kept_once_even_by_record(anne):
    key = webinars._hit(1, Kind.WEBINAR_ATTENDED, anne.pk, 1, timezone.now()).key
    for _again in range(2):
        hits.record(NewHit(kind=Kind.WEBINAR_ATTENDED, key=key, contact_id=anne.pk))

    assert Hit.objects.count() == 1
