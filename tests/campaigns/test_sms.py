import json
import re

import pytest

from campaigns import delivery, sms
from campaigns.models import Delivery, Message
from contacts import consent
from contacts.models import Channel
from tests.factories import ContactFactory, DeliveryFactory, SmsFactory
from tracking import tokens
from tracking.models import Hit, Kind, Link
from tracking.tokens import Ref

pytestmark = pytest.mark.django_db
WAY_OUT = r"\nStop: https://bareme\.example/u/[\w-]+/choices"


@pytest.fixture
def anne(settings):
    settings.PUBLIC_URL = "https://bareme.example"
    return ContactFactory(phone="+33612345678", first_name="Anne")


def perform(text, contact):
    queued = DeliveryFactory(type="send_sms", params={"sms": SmsFactory(body=text).pk}, contact=contact)
    delivery.perform(queued.pk)
    queued.refresh_from_db()
    return queued


def test_an_sms_goes_to_the_gateway_with_a_short_tracked_link(anne, receiver, settings):
    settings.SMS_URL, settings.ALLOW_PRIVATE_WEBHOOKS = receiver.url, False

    queued = perform("Hi {{ contact.first_name }}: https://example.com/quote?a=1.", anne)

    ((_path, headers, body),) = receiver.requests
    message, link = Message.objects.get(), Link.objects.get()
    sent = json.loads(body)
    assert (queued.state, queued.outcome) == (Delivery.State.SENT, "Sent to +33612345678: HTTP 200 ok")
    assert (sent["to"], sent["key"], headers["Idempotency-Key"]) == ("+33612345678", str(queued.key), str(queued.key))
    assert sent["text"] == message.text
    (token,) = re.fullmatch(rf"Hi Anne: https://bareme\.example/t/c/([\w-]+)\.{WAY_OUT}", message.text).groups()
    assert tokens.unsign_ref("click", token) == Ref(anne.pk, link.subject_id, message.pk)
    assert (link.url, link.source.type) == ("https://example.com/quote?a=1", "sms")
    hit = Hit.objects.get(kind=Kind.SMS_SENT)
    assert (hit.contact_id, hit.subject_id, hit.message_id) == (anne.pk, link.source_id, message.pk)


def test_the_console_prints_and_keeps(anne, settings, caplog):
    settings.SMS_URL = "console://"

    with caplog.at_level("INFO", "campaigns.sms"):
        queued = perform("Hello", anne)

    text = Message.objects.get().text
    assert re.fullmatch(f"Hello{WAY_OUT}", text)
    assert (queued.state, caplog.messages) == (Delivery.State.SENT, [f"SMS to +33612345678: {text}"])


@pytest.mark.parametrize("said", ["STOP to 36180", "Choose: {{ preferences_url }}", "Leave: {{ unsubscribe_url }}"])
def test_a_text_that_says_how_to_stop_gets_no_second_way_out(anne, settings, said):
    settings.SMS_URL = "console://"

    perform(f"Hello. {said}", anne)

    text = Message.objects.get().text
    assert (text.count("/choices"), "\nStop:" in text) == ("url" in said, False)


@pytest.mark.parametrize(("status", "state"), [(503, "retrying"), (429, "retrying"), (422, "failed")])
def test_the_gateways_answer_decides(anne, receiver, settings, status, state):
    settings.SMS_URL, receiver.answer = receiver.url, (status, b"no")

    assert perform("Hello", anne).state == state
    assert not Hit.objects.filter(kind=Kind.SMS_SENT).exists()


@pytest.mark.parametrize("case", ["no number", "blocked"])
def test_somebody_who_may_not_be_texted_is_skipped(anne, case):
    if case == "blocked":
        consent.block(anne, Channel.SMS)
    else:
        anne.phone = ""
        anne.save()

    assert perform("Hello", anne).state == Delivery.State.SKIPPED
    assert Message.objects.count() == 0


@pytest.mark.parametrize(
    ("text", "encoding", "units", "segments"),
    [
        ("", "GSM", 0, 1),
        ("a" * 160, "GSM", 160, 1),
        ("a" * 161, "GSM", 161, 2),
        ("a" * 306, "GSM", 306, 2),
        ("a" * 307, "GSM", 307, 3),
        ("é€", "GSM", 3, 1),
        ("ê", "UCS-2", 1, 1),
        ("ê" * 70, "UCS-2", 70, 1),
        ("ê" * 71, "UCS-2", 71, 2),
        ("🎉", "UCS-2", 2, 1),
    ],
)
def test_texts_are_counted_as_gateways_do(text, encoding, units, segments):
    assert sms.length(text) == sms.Length(encoding, units, segments)
