"""Colleagues hear of a form's new answers: once, with the answers, by a delivery that is tried again and seen."""

from datetime import timedelta

import pytest
from django.utils import timezone

from campaigns import delivery
from campaigns.models import Delivery, Message
from config import pipeline
from tests.factories import ContactFactory, FormFactory, FormFieldFactory, UserFactory
from tracking import hits, subjects
from tracking.hits import NewHit
from tracking.models import FormSubmission, Kind, Subject

pytestmark = pytest.mark.django_db


@pytest.fixture
def form():
    form = FormFactory(name="Demo request")
    FormFieldFactory(form=form, key="email", label="Email", type="email", contact_field="email", position=0)
    FormFieldFactory(form=form, key="note", label="Your wish", type="textarea", position=1)
    form.notify_users.add(UserFactory(email="Sales@example.com"))
    return form


def submit(form, at=None, **answers):
    subject = subjects.register(Subject.Type.FORM, form.pk, str(form))
    data = {"form": form.pk, "answers": answers}
    values = {"at": at} if at else {}
    hits.record(NewHit(kind=Kind.FORM_SUBMITTED, subject_id=subject.pk, data=data, **values))
    pipeline.drain()


def test_colleagues_get_the_answers_in_one_mail(form, smtp, settings):
    owner = UserFactory(email="owner@example.com")
    contact = ContactFactory(email="ada@example.com", owner=owner)
    form.notify_owner = True
    form.save()

    submit(form, email="ada@example.com", note="Hello\nyou", gone="")
    queued = Delivery.objects.get()
    delivery.perform(queued.pk)

    queued.refresh_from_db()
    submission = FormSubmission.objects.get()
    assert (queued.state, queued.contact, queued.outcome) == (
        "sent",
        contact,
        "Sent to owner@example.com, sales@example.com.",
    )
    message = Message.objects.get()
    assert message.text == (
        "Demo request was filled in.\n\n"
        "Email: ada@example.com\nYour wish: Hello\nyou\n\n"
        f"The submission: {settings.PUBLIC_URL}/admin/tracking/formsubmission/{submission.pk}/change/\n"
        f"The contact: {settings.PUBLIC_URL}{contact.get_absolute_url()}\n"
    )
    assert message.headers["Reply-To"] == "ada@example.com"
    assert (message.contact, message.sent_at is not None) == (None, True)


def test_it_is_told_also_of_who_nobody_knows(form, smtp):
    submit(form, email="", note="Anonymous")
    queued = Delivery.objects.get()

    delivery.perform(queued.pk)

    queued.refresh_from_db()
    assert (queued.contact, queued.state, str(queued)) == (
        None,
        "sent",
        "Tell colleagues of a form's answers · –",
    )
    assert "Your wish: Anonymous" in Message.objects.get().text


@pytest.mark.parametrize(
    ("language", "line"), [("en", "Email: ada@example.com"), ("fr", "Email\u00a0: ada@example.com")]
)
def test_a_tick_speaks_no_language_and_a_sentence_takes_no_colon(form, smtp, settings, language, line):
    settings.LANGUAGE_CODE = language
    ContactFactory(email="ada@example.com")
    rows = [("news", "You may write to me by email.", "consent"), ("call", "May we call?", "checkbox")]
    rows.append(("why", "Why us?", "text"))
    for position, (key, label, type_) in enumerate(rows, 2):
        FormFieldFactory(form=form, key=key, label=label, type=type_, position=position)

    submit(form, email="ada@example.com", news=True, call=False, why="Beer")
    delivery.perform(Delivery.objects.get().pk)

    text = Message.objects.get().text
    assert "☑ You may write to me by email.\n☐ May we call?\nWhy us? Beer\n" in text
    assert line in text


def test_a_submission_is_told_of_once_and_history_not_at_all(form):
    from campaigns import notices
    from tracking.models import Event

    submit(form, email="ada@example.com")
    notices.note(list(Event.objects.values_list("pk", flat=True)))
    submit(form, at=timezone.now() - timedelta(days=30), email="bob@example.com")

    assert Delivery.objects.count() == 1


def test_a_form_that_names_nobody_tells_nobody(form, smtp):
    form.notify_users.clear()
    submit(form, email="ada@example.com")
    assert not Delivery.objects.exists()

    form.notify_owner = True
    form.save()
    submit(form, email="ada@example.com")
    queued = Delivery.objects.get()
    delivery.perform(queued.pk)
    queued.refresh_from_db()
    assert (queued.state, "names no colleague" in queued.outcome) == ("skipped", True)


def test_answers_break_no_header(form, smtp):
    form.name = "Demo\r\nBcc: eve@example.com"
    form.save()
    submit(form, email="ada@example.com", note="x\r\nBcc: eve@example.com")

    delivery.perform(Delivery.objects.get().pk)

    message = Message.objects.get()
    assert message.title == "Demo Bcc: eve@example.com · ada@example.com"
    assert message.recipient == "sales@example.com"


def test_it_is_not_offered_to_marketers():
    from campaigns.registry import actions
    from contacts.typed_params import type_choices

    assert "notify_of_submission" not in str(type_choices(actions))
