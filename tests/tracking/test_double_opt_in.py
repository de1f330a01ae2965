"""Double opt-in: from a form to a mail, from a mail to a page, from its button to consents with both times."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail
from django.utils import timezone

from config import pipeline
from contacts import consent
from contacts.models import Consent, Contact, DoNotContact, Membership
from tests.factories import ContactFactory, FormFactory, FormFieldFactory, SegmentFactory
from tests.threads import at_once
from tracking import double_opt_in, hits, subjects
from tracking.hits import NewHit
from tracking.models import Confirmation, FormSubmission, Kind, Subject

pytestmark = pytest.mark.django_db


@pytest.fixture
def form(settings):
    settings.PUBLIC_URL, settings.CONSENT_REQUIRED = "https://bareme.example", []
    form = FormFactory(name="Newsletter", double_opt_in=True, segment=SegmentFactory())
    FormFieldFactory(form=form, key="email", type="email", contact_field="email")
    FormFieldFactory(form=form, key="news", type="consent", purpose="profiling", label="Score me")
    FormFieldFactory(form=form, key="write", type="consent", purpose="email", label="Write to me")
    return form


def submit(form, email="ada@example.com", consents=None, **fields):
    agreed = {"profiling": "Score me", "email": "Write to me"} if consents is None else consents
    data = {"form": form.pk, "answers": {"email": email}, "consents": agreed, "language": "fr"}
    subject = subjects.register(Subject.Type.FORM, form.pk, str(form)).pk
    hits.record(NewHit(kind=Kind.FORM_SUBMITTED, subject_id=subject, data=data, ip="203.0.113.0", **fields))
    pipeline.drain()


def link_of(message):
    (path,) = set(re.findall(r"https://bareme\.example(/f/confirm/[\w-]+)", message.body))
    return path


def test_nothing_agreed_to_counts_before_it_is_confirmed(form, client):
    submit(form)

    ada = Contact.objects.get()
    assert (Consent.objects.count(), Membership.objects.count(), FormSubmission.objects.count()) == (0, 0, 1)
    row = Confirmation.objects.get()
    assert (row.contact, row.email, row.consents) == (
        ada,
        "ada@example.com",
        {"profiling": "Score me", "email": "Write to me"},
    )
    assert double_opt_in.send_due() == 1
    assert double_opt_in.send_due() == 0
    (message,) = mail.outbox
    assert (message.to, message.extra_headers["Auto-Submitted"]) == (["ada@example.com"], "auto-generated")
    assert "Score me" in message.body
    assert Consent.objects.count() == 0


def test_the_moment_it_is_valid_until_ends_its_sentence_once(form):
    submit(form)
    Confirmation.objects.update(language="en", expires_at=datetime(2099, 11, 30, 7, 3, tzinfo=UTC))
    double_opt_in.send_due()

    assert "The link is valid until Nov. 30, 2099 08:03. If it was not you" in mail.outbox[0].body


def test_looking_confirms_nothing_and_the_button_confirms_once(form, client):
    consent.block(ContactFactory(email="ada@example.com"), "email", DoNotContact.Reason.UNSUBSCRIBED)
    submit(form)
    double_opt_in.send_due()
    path = link_of(mail.outbox[0])

    assert (client.get(path).status_code, client.head(path).status_code) == (200, 200)
    assert Consent.objects.count() == 0
    response = client.post(path, REMOTE_ADDR="198.51.100.7")
    again = client.post(path)

    assert (response.status_code, again.status_code, response["Content-Language"]) == (200, 200, "fr")
    row = Confirmation.objects.get()
    rows = {one.purpose: one for one in Consent.objects.all()}
    assert set(rows) == {"profiling", "email"}
    proof = rows["profiling"]
    assert (proof.granted, proof.text, proof.source, proof.ip) == (True, "Score me", "Newsletter", "198.51.100.0")
    assert (proof.asked_at, proof.given_at) == (row.asked_at, row.confirmed_at)
    assert DoNotContact.objects.count() == 0  # they ask to be written to, from their own mailbox
    assert list(Membership.objects.values_list("contact", "reason")) == [(row.contact_id, "form")]


def test_a_link_that_has_expired_records_nothing_and_is_forgotten_later(form, client):
    submit(form)
    double_opt_in.send_due()
    path = link_of(mail.outbox[0])
    Confirmation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    assert (client.get(path).status_code, client.post(path).status_code) == (410, 410)
    assert (Consent.objects.count(), double_opt_in.forget_expired()) == (0, 0)

    Confirmation.objects.update(expires_at=timezone.now() - timedelta(days=31))
    assert double_opt_in.forget_expired() == 1
    assert client.get(path).status_code == 404


def test_asking_twice_within_the_hour_sends_one_mail(form):
    submit(form)
    submit(form)
    submit(form, at=timezone.now() - timedelta(minutes=30))
    submit(form, email="bob@example.com")
    assert (double_opt_in.send_due(), len(mail.outbox)) == (2, 2)

    Confirmation.objects.update(asked_at=timezone.now() - timedelta(hours=2))
    submit(form)
    assert double_opt_in.send_due() == 1


def test_a_mail_that_does_not_leave_is_tried_again_and_given_up_in_the_end(form, settings):
    submit(form)
    settings.EMAIL_BACKEND = "nowhere.Backend"
    for _attempt in range(5):
        assert double_opt_in.send_due() == 0
        Confirmation.objects.filter(send_at__isnull=False).update(send_at=timezone.now())

    row = Confirmation.objects.get()
    assert (row.attempts, row.send_at, row.sent_at, "nowhere" in row.error) == (5, None, None, True)


def test_an_address_that_bounces_gets_no_mail(form):
    consent.block(ContactFactory(email="ada@example.com"), "email", DoNotContact.Reason.BOUNCED)
    submit(form)
    assert (double_opt_in.send_due(), mail.outbox, Confirmation.objects.get().error) == (0, [], "blocked")


def test_what_agrees_to_nothing_or_names_nobody_waits_for_nothing(form):
    submit(form, consents={})
    submit(form, email="")
    assert Confirmation.objects.count() == 0
    assert list(Membership.objects.values_list("contact__email", flat=True)) == ["ada@example.com"]


def test_without_double_opt_in_a_consent_counts_at_once(form):
    form.double_opt_in = False
    form.save()
    submit(form)
    assert set(Consent.objects.values_list("purpose", "asked_at")) == {("profiling", None), ("email", None)}


def test_a_forged_link_confirms_nothing(form, client):
    submit(form)
    path = f"/f/confirm/{double_opt_in.tokens.sign('unsubscribe', Confirmation.objects.get().pk)}"
    assert (client.get(path).status_code, client.post(path).status_code) == (404, 404)
    assert client.get("/f/confirm/x").status_code == 404
    assert Consent.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_once_confirm_once(form):
    submit(form)
    row = Confirmation.objects.get()
    assert sum(at_once(lambda n: double_opt_in.confirm(Confirmation.objects.get(pk=row.pk), None))) == 1
    assert Consent.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_two_workers_send_one_mail(form):
    submit(form)
    assert sum(at_once(lambda n: double_opt_in.send_due())) == 1
    assert len(mail.outbox) == 1


def test_the_admin_lists_who_was_asked_and_what_became_of_it(form, admin_client):
    consent.block(ContactFactory(email="bob@example.com"), "email", DoNotContact.Reason.BOUNCED)
    submit(form)
    submit(form, email="bob@example.com")
    double_opt_in.send_due()

    page = admin_client.get("/admin/tracking/confirmation/").content.decode()

    assert "Waiting for a click" in page
    assert "Mail did not leave" in page
    assert "We may not write to this address." in page
    for state, count in (("waiting", 2), ("confirmed", 0), ("expired", 0)):
        shown = admin_client.get(f"/admin/tracking/confirmation/?state={state}").context["cl"].result_count
        assert (state, shown) == (state, count)
    row = Confirmation.objects.first()
    assert admin_client.get(f"/admin/tracking/confirmation/{row.pk}/change/").status_code == 200
