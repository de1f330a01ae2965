"""Deliveries, messages, emails and SMS in the admin: they are previewed, tried, read and tried again."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from campaigns import delivery
from campaigns.mail import links
from campaigns.models import Delivery, Email, Message
from contacts import consent
from contacts.models import Purpose
from tests.factories import ContactFactory, DeliveryFactory, EmailFactory, UserFactory
from tracking.tokens import Ref

pytestmark = pytest.mark.django_db


@pytest.fixture
def anne():
    return ContactFactory(email="anne@example.com", first_name="Anne", country="FR")


# --- deliveries and messages ------------------------------------------------------------------------------------------


def test_a_delivery_is_tried_again_and_cancelled_in_the_list(admin_client):
    failed, sent = DeliveryFactory(type="x", state="failed"), DeliveryFactory(type="x", state="sent")
    address = reverse("admin:campaigns_delivery_changelist")

    admin_client.post(address, {"action": "try_again", "_selected_action": [failed.pk, sent.pk]})
    assert list(Delivery.objects.order_by("pk").values_list("state", flat=True)) == ["queued", "sent"]

    admin_client.post(address, {"action": "cancel", "_selected_action": [failed.pk, sent.pk]})
    assert list(Delivery.objects.order_by("pk").values_list("state", flat=True)) == ["cancelled", "sent"]


def test_a_sent_message_is_read_in_a_frame_that_can_do_nothing(page, smtp, anne):
    consent.give(anne, Purpose.EMAIL_TRACKING)
    queued = DeliveryFactory(type="send_email", contact=anne, params={"email": EmailFactory(html="<h1>Hello</h1>").pk})
    delivery.perform(queued.pk)
    message = Message.objects.get()

    shown, framed = page("message", "change", message.pk).content.decode(), page("message", "html", message.pk)

    assert f'<iframe class="campaigns-preview mt-3" sandbox src="/admin/campaigns/message/{message.pk}/html/"' in shown
    assert "anne@example.com" in shown
    assert framed["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    assert framed["X-Frame-Options"] == "SAMEORIGIN"
    assert "<h1>Hello</h1>" in framed.content.decode()
    assert ("/t/o/" in message.html, "/t/o/" in framed.content.decode()) == (True, False)


# --- emails and SMS ---------------------------------------------------------------------------------------------------


def email_form(**values):
    names = ("preheader", "text", "from_name", "from_email", "reply_to", "language")
    return {"name": "Welcome", "subject_line": "Hello", "html": "<p>Hi</p>", **dict.fromkeys(names, ""), **values}


@pytest.mark.parametrize(
    ("case", "values"),
    [
        ("line break in the subject", {"subject_line": "Hello\r\nBcc: victim@example.com"}),
        ("line break in the sender", {"from_name": "Me\nBcc: victim@example.com"}),
        ("line break in the address", {"reply_to": "a@example.com\nBcc: victim@example.com"}),
        ("unknown field", {"subject_line": "{{ contact.password }}"}),
        ("tag", {"html": "{% include 'x' %}"}),
        ("script", {"html": "<script>alert(1)</script>"}),
        ("unknown field in the text", {"text": "{{ x }}"}),
        ("nothing to send", {"html": ""}),
    ],
)
def test_an_email_that_should_not_be_sent_is_not_saved(page, case, values):
    response = page("email", "add", data=email_form(**values))

    assert (response.status_code, Email.objects.count()) == (200, 0)
    assert "errors below" in response.content.decode() or "error below" in response.content.decode()


def test_an_email_is_previewed_as_it_stands_in_the_form_for_a_contact(page, anne):
    draft = email_form(
        subject_line="Hello {{ contact.first_name }}", html="<p>{{ contact.email }}</p>", preview_contact=anne.pk
    )

    shown = page("email", "preview", data=draft).json()

    assert (shown["title"], shown["text"]) == (
        "Hello Anne",
        "anne@example.com\n\n-- \nUnsubscribe: #unsubscribe_url\nChoose what you allow: #preferences_url\n\n",
    )
    assert "<p>anne@example.com</p>" in shown["html"]
    assert shown["html"].index('href="#unsubscribe_url"') < shown["html"].index('href="#preferences_url"')
    assert page("email", "preview", data=email_form(html="{{ nothing }}")).json()["errors"]


def test_a_preview_needs_the_right_to_see_emails(client):
    client.force_login(UserFactory())

    assert client.post(reverse("admin:campaigns_email_preview"), email_form()).status_code == 403


def test_a_test_is_sent_to_whoever_asks(admin_client, admin_user, smtp, anne):
    email = EmailFactory(subject_line="Hello {{ contact.first_name }}")
    address = reverse("admin:campaigns_email_send_test", args=[email.pk])

    admin_client.get(address)
    assert smtp.mails == []
    admin_client.post(address, {"_form_submitted": "on"})

    ((to, mail),) = smtp.mails
    assert (to, mail["Subject"]) == ([admin_user.email], "[Test] Hello Anne")


def test_an_sms_is_previewed_and_counted(page, anne):
    shown = page("sms", "preview", data={"body": "Hi {{ contact.first_name }} ê", "preview_contact": anne.pk}).json()

    way_out = links.preferences(Ref(2**40, 2**40, 2**40))  # nobody's, and as long as one can get
    text = f"Hi Anne ê\nStop: {way_out}"
    assert shown == {"text": text, "length": f"{len(text)} characters (UCS-2), 2 SMS"}
    own = page("sms", "preview", data={"body": "Hi {{ contact.first_name }} ê STOP", "preview_contact": anne.pk}).json()
    assert own == {"text": "Hi Anne ê STOP", "length": "14 characters (UCS-2), 1 SMS"}


def test_a_list_that_names_the_same_rows_reads_them_once(page):
    email = EmailFactory()
    DeliveryFactory(type="send_email", params={"email": email.pk})
    page("delivery")
    with CaptureQueriesContext(connection) as one:
        page("delivery")
    DeliveryFactory.create_batch(5, type="send_email", params={"email": email.pk})
    with CaptureQueriesContext(connection) as six:
        page("delivery")

    assert len(six) == len(one)
