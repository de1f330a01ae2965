"""What is sent, followed and kept; and who is not written to."""

import re

import pytest

from campaigns import delivery
from campaigns.mail import send
from campaigns.models import Delivery, Message
from contacts import consent
from contacts.models import Channel
from tests.campaigns.mail.conftest import perform, queue
from tests.factories import (
    ContactFactory,
    DeliveryFactory,
    EmailFactory,
    UserFactory,
)
from tests.threads import together
from tracking import addresses, tokens
from tracking.models import Hit, Kind, Link, Subject
from tracking.tokens import Ref
from tracking.verdicts import hidden_link

pytestmark = pytest.mark.django_db


def tracked(text, kind="c"):
    """Whose copy of which links the tracked addresses in a mail are, but for the hidden one."""
    found = [addresses.read_click(token)[0] for token in re.findall(r"https://bareme\.example/t/c/([\w-]+)", text)]
    return [ref for ref in found if ref.subject_id != hidden_link.subject_id()]


# --- what is sent -----------------------------------------------------------------------------------------------------


def test_a_mail_is_sent_followed_and_kept_exactly_as_it_left(anne, smtp):
    email = EmailFactory(
        subject_line="Hello {{ contact.first_name }}",
        from_name="Lumen",
        reply_to="sales@example.com",
        html='<p>Hi {{ contact.first_name }}, <a href="https://Example.com/Pricing/?utm_source=x&amp;a=1">prices</a> '
        '<a href="https://example.com/?e={{ contact.email }}">yours</a> <a href="mailto:a@example.com">mail</a></p>',
    )

    queued = perform(email, anne)

    assert (queued.state, queued.outcome) == (Delivery.State.SENT, "Sent to anne@example.com.")
    message, source = Message.objects.get(), Subject.objects.get(type="email")
    ((to, mail),) = smtp.mails
    assert to == ["anne@example.com"]
    assert mail["Subject"] == message.title == "Hello Anne"
    assert mail["From"] == message.sender == "Lumen <hello@bareme.example>"
    assert mail["To"] == "Anne Moreau <anne@example.com>"
    assert mail["Reply-To"] == "sales@example.com"
    assert mail["Message-ID"] == f"<{queued.key}@bareme.example>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert {name: mail[name].strip() for name in message.headers} == message.headers
    body = mail.get_body(("html",)).get_content().replace("\r\n", "\n")
    assert body.rstrip("\n") == message.html.rstrip("\n")
    assert mail.get_body(("plain",)).get_content().split() == message.text.split()
    assert message.sent_at is not None

    link = Link.objects.get()
    assert (link.url, link.source) == ("https://Example.com/Pricing/?utm_source=x&a=1", source)
    assert (link.subject.host, link.subject.path, link.subject.parent) == ("example.com", "/Pricing", source)
    assert tracked(body) == [Ref(anne.pk, link.subject_id, message.pk)]
    assert 'href="https://example.com/?e=anne%40example.com"' in body
    assert 'href="mailto:a@example.com"' in body
    (opened,) = re.findall(r'src="https://bareme\.example/t/o/([\w-]+)\.gif"', body)
    assert tokens.unsign_ref("open", opened) == Ref(anne.pk, source.pk, message.pk)
    (unsubscribe,) = re.findall(r"https://bareme\.example/u/([\w-]+)>", mail["List-Unsubscribe"])
    assert tokens.unsign_ref("unsubscribe", unsubscribe) == Ref(anne.pk, source.pk, message.pk)
    assert f'<a href="https://bareme.example/u/{unsubscribe}"' in body

    hit = Hit.objects.get(kind=Kind.EMAIL_SENT)
    assert (hit.contact_id, hit.subject_id, hit.message_id) == (anne.pk, source.pk, message.pk)


@pytest.mark.parametrize(
    ("case", "purpose", "pattern"), [("opens", "email_tracking", "/t/o/"), ("links", "link_tracking", "/t/c/")]
)
def test_what_the_contact_did_not_allow_is_not_followed(anne, smtp, case, purpose, pattern):
    consent.withdraw(anne, purpose)

    perform(EmailFactory(html='<a href="https://example.com/a">a</a>'), anne)

    message = Message.objects.get()
    assert pattern not in message.html + message.text
    assert "/u/" in message.html
    assert ("https://example.com/a" in message.html) == (case == "links")


def test_links_are_the_same_rows_for_every_contact_and_every_sending(anne, smtp):
    email = EmailFactory(html='<a href="https://example.com/a">a</a> <a href="https://example.com/a">again</a>')

    for contact in (anne, anne, ContactFactory()):
        perform(email, contact)

    assert list(Link.objects.values_list("url", flat=True)) == ["https://example.com/a"]


def test_the_footer_speaks_the_language_of_the_mail_and_gives_way_to_a_link_of_ones_own(anne, smtp):
    own = EmailFactory(html='<p>x <a href="{{ unsubscribe_url }}">Stop</a></p>')

    perform(own, anne)

    body = Message.objects.get().html
    assert re.findall(r"/u/[\w-]+(/choices)?", body) == ["", "/choices"]
    assert re.search(r'<a href="https://bareme\.example/u/[\w-]+">Stop</a>', body)
    assert "You no longer want these emails?" not in body


def test_colleagues_get_one_mail_that_is_not_followed_and_somebody_chosen_twice_gets_it_once(anne, smtp):
    owner, other = UserFactory(email="Owner@example.com"), UserFactory(email="other@example.com")
    anne.owner = owner
    anne.save()
    email = EmailFactory(subject_line="{{ contact.name }} is hot", html='<a href="https://example.com">x</a>')
    queued = DeliveryFactory(
        type="send_email_to_user",
        contact=anne,
        params={"email": email.pk, "owner": True, "users": [owner.pk, other.pk]},
    )

    delivery.perform(queued.pk)

    ((to, mail),) = smtp.mails
    assert to == ["other@example.com", "owner@example.com"]
    assert (mail["Subject"], mail["List-Unsubscribe"]) == ("Anne Moreau is hot", None)
    assert "bareme.example/" not in Message.objects.get().html
    assert not Hit.objects.filter(kind=Kind.EMAIL_SENT).exists()


def test_nobody_to_tell_is_said(anne, smtp):
    queued = DeliveryFactory(
        type="send_email_to_user", contact=anne, params={"email": EmailFactory().pk, "owner": True, "users": []}
    )

    delivery.perform(queued.pk)

    queued.refresh_from_db()
    assert (queued.state, smtp.mails) == (Delivery.State.SKIPPED, [])


# --- who is not written to --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("case", "values", "outcome"),
    [
        ("no address", {"email": None, "phone": "+33612345678"}, "The contact has no email address."),
        ("no real address", {"email": "not an address"}, "“not an address” is not an email address."),
    ],
)
def test_a_contact_without_an_address_is_skipped(smtp, case, values, outcome):
    queued = perform(EmailFactory(), ContactFactory(**values))

    assert (queued.state, queued.outcome, smtp.mails) == (Delivery.State.SKIPPED, outcome, [])


def test_a_blocked_contact_is_never_written_to(anne, smtp):
    consent.block(anne, Channel.EMAIL)

    queued = perform(EmailFactory(), anne)

    assert queued.state == Delivery.State.SKIPPED
    assert queued.outcome == "The contact may not be sent emails (do not contact)."
    assert (smtp.mails, Hit.objects.filter(kind=Kind.EMAIL_SENT).exists()) == ([], False)


@pytest.mark.parametrize("change", ["inactive", "deleted"])
def test_an_email_that_is_not_active_is_given_up_visibly(anne, smtp, change):
    email = EmailFactory(is_active=change != "inactive")
    queued = queue(email, anne)
    if change == "deleted":
        email.delete()

    delivery.perform(queued.pk)

    queued.refresh_from_db()
    assert (queued.state, smtp.mails) == (Delivery.State.FAILED, [])


def test_a_test_mail_leaves_no_trace(anne, smtp):
    send.test_to(EmailFactory(subject_line="Hello {{ contact.first_name }}"), anne, "me@example.com")

    ((to, mail),) = smtp.mails
    assert (to, mail["Subject"]) == (["me@example.com"], "[Test] Hello Anne")
    assert (Message.objects.count(), Hit.objects.count()) == (0, 0)


@pytest.mark.django_db(transaction=True)
def test_two_workers_that_meet_a_new_link_make_one_row(anne, smtp):
    email = EmailFactory(html='<a href="https://example.com/a">a</a>')
    first, second = queue(email, anne), queue(email, ContactFactory())

    assert together(lambda: delivery.perform(first.pk), lambda: delivery.perform(second.pk)) == [True, True]

    assert (Link.objects.count(), Subject.objects.filter(type="link").count()) == (1, 1)
    assert len(smtp.mails) == 2
