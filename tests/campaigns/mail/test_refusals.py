"""Headers nobody breaks out of, and the mail server's answers."""

import pytest
from django.core.exceptions import ValidationError

from campaigns import delivery
from campaigns.mail import fields
from campaigns.models import Delivery, Email, Message
from contacts.models import DoNotContact
from tests.campaigns.mail.conftest import perform
from tests.factories import (
    ContactFactory,
    EmailFactory,
)

pytestmark = pytest.mark.django_db


# --- headers ----------------------------------------------------------------------------------------------------------


def test_a_line_break_in_a_contacts_name_is_no_new_header(smtp):
    contact = ContactFactory(first_name="Eve\r\nBcc: victim@example.com", email="eve@example.com")

    perform(EmailFactory(subject_line="Hi {{ contact.first_name }}", from_name="{{ contact.first_name }}"), contact)

    ((to, mail),) = smtp.mails
    assert (to, mail["Bcc"]) == (["eve@example.com"], None)
    assert mail["Subject"] == "Hi Eve Bcc: victim@example.com"


@pytest.mark.parametrize("column", ["subject_line", "from_name"])
def test_a_line_break_in_a_header_is_refused_at_sending(anne, smtp, column):
    email = EmailFactory()
    Email.objects.update(**{column: "x\nBcc: victim@example.com"})

    queued = perform(email, anne)

    assert (queued.state, smtp.mails) == (Delivery.State.FAILED, []) or column == "from_name"
    assert all(mail["Bcc"] is None for _to, mail in smtp.mails)


def test_a_line_break_in_a_header_is_refused_in_the_admin():
    with pytest.raises(ValidationError, match="single line"):
        fields.validate_header("x\nBcc: victim@example.com")


# --- the mail server's answers ----------------------------------------------------------------------------------------


def test_an_address_that_does_not_exist_is_given_up_and_blocked(anne, smtp):
    smtp.answers["anne@example.com"] = "550 5.1.1 No such user"

    queued = perform(EmailFactory(), anne)

    assert (queued.state, queued.outcome) == (Delivery.State.FAILED, "550 5.1.1 No such user")
    block = DoNotContact.objects.get()
    assert (block.contact, block.reason, block.note) == (anne, "bounced", "550 5.1.1 No such user")
    assert Message.objects.get().sent_at is None


def test_a_server_that_refuses_the_content_does_not_block_the_person(anne, smtp):
    smtp.answer_data = "554 5.7.1 Looks like spam"

    queued = perform(EmailFactory(), anne)

    assert (queued.state, DoNotContact.objects.count()) == (Delivery.State.FAILED, 0)


def test_a_server_that_is_busy_is_tried_again_with_the_same_message_id(anne, smtp):
    smtp.answers["anne@example.com"] = "451 4.7.1 Try again later"
    queued = perform(EmailFactory(), anne)
    assert (queued.state, queued.outcome) == (Delivery.State.RETRYING, "451 4.7.1 Try again later")

    smtp.answers.clear()
    delivery.try_again(Delivery.objects.all())
    delivery.perform(queued.pk)

    ((_to, mail),) = smtp.mails
    assert mail["Message-ID"] == f"<{queued.key}@bareme.example>"
    assert Message.objects.count() == 1


def test_a_server_that_is_away_is_tried_again(anne, smtp, settings):
    settings.EMAIL_PORT = 1

    queued = perform(EmailFactory(), anne)

    assert queued.state == Delivery.State.RETRYING
    assert queued.outcome.startswith("ConnectionRefusedError")
