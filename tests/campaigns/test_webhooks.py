import hmac
import json
import re
from pathlib import Path

import pytest
from django.conf import settings as django_settings

from campaigns import delivery, http, triggers, webhooks
from campaigns.models import Delivery, Integration
from campaigns.registry import DeliveryError
from scoring import ledger
from tests.campaigns.conftest import move
from tests.factories import (
    CompanyFactory,
    ContactFactory,
    IntegrationFactory,
    TagFactory,
    TriggerActionFactory,
    TriggerFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def anne():
    anne = ContactFactory(
        email="anne@example.com", first_name="Anne", company=CompanyFactory(name="Lumen"), fields={"budget": 12}
    )
    anne.tags.add(TagFactory(name="hot"))
    return anne


@pytest.fixture
def crm(receiver):
    return IntegrationFactory(name="CRM", url=receiver.url)


def push(crm, contact, group):
    """A trigger on the group's score pushes the contact; returns the delivery."""
    trigger = TriggerFactory(name="Hot lead", threshold=50, group=group)
    TriggerActionFactory(trigger=trigger, type="send_webhook", params={"integration": crm.pk})
    triggers.fire([move(contact, 47, 52, group)])
    queued = Delivery.objects.get()
    delivery.perform(queued.pk)
    queued.refresh_from_db()
    return queued


def test_the_receiver_learns_who_how_much_and_why(crm, receiver, anne, group):
    ledger.adjust(anne.pk, group.pk, 52, note="met at a fair")
    ledger.apply(list(ledger.waiting_adjustments(10)))

    queued = push(crm, anne, group)

    ((path, headers, body),) = receiver.requests
    sent = json.loads(body)
    assert (queued.state, queued.outcome) == (Delivery.State.SENT, "HTTP 200 ok")
    assert (path, headers["X-Bareme-Delivery"], sent["id"]) == ("/hook", str(queued.key), str(queued.key))
    assert (sent["type"], sent["at"]) == ("score.reached", queued.firing.at.isoformat())
    assert sent["score"] == {"group": "Engagement", "value": 52.0, "before": 47.0}
    assert {name: sent["contact"][name] for name in ("id", "email", "first_name", "company", "tags", "fields")} == {
        "id": anne.pk,
        "email": "anne@example.com",
        "first_name": "Anne",
        "company": "Lumen",
        "tags": ["hot"],
        "fields": {"budget": 12},
    }
    assert (sent["reason"]["trigger"], sent["reason"]["cycle"]) == ("Hot lead", 1)
    assert [line["points"] for line in sent["reason"]["lines"]] == [52]


def test_the_documented_line_verifies_the_signature(crm, receiver, anne, group):
    """Runs exactly the line of docs/webhooks.md."""
    page = (Path(django_settings.BASE_DIR) / "docs" / "webhooks.md").read_text()
    (line,) = re.findall(r"```python\n(.+)\n```", page)

    push(crm, anne, group)

    ((_path, headers, body),) = receiver.requests
    t, v1 = re.fullmatch(r"t=(\d+),v1=([0-9a-f]{64})", headers["X-Bareme-Signature"]).groups()
    verify = compile(line, "docs/webhooks.md", "eval")
    assert eval(verify, {"hmac": hmac, "secret": crm.secret, "t": t, "v1": v1, "body": body}) is True
    assert eval(verify, {"hmac": hmac, "secret": crm.secret, "t": t, "v1": v1, "body": body + b" "}) is False
    assert eval(verify, {"hmac": hmac, "secret": "another", "t": t, "v1": v1, "body": body}) is False


@pytest.mark.parametrize(
    ("status", "state"),
    [
        (500, "retrying"),
        (503, "retrying"),
        (408, "retrying"),
        (429, "retrying"),
        (400, "failed"),
        (404, "failed"),
        (302, "failed"),
    ],
)
def test_the_answer_decides_whether_it_is_tried_again(crm, receiver, anne, group, status, state):
    receiver.answer = (status, b"nope")

    queued = push(crm, anne, group)

    assert (queued.state, queued.outcome) == (state, f"HTTP {status} nope")
    assert len(receiver.requests) == 1
    assert Integration.objects.get().is_active


def test_a_receiver_that_is_gone_is_switched_off_with_the_reason(crm, receiver, anne, group):
    receiver.answer = (410, b"")

    queued = push(crm, anne, group)

    crm.refresh_from_db()
    assert (queued.state, crm.is_active) == ("failed", False)
    assert crm.disabled_reason.startswith("It answered 410 Gone on ")


def test_an_integration_that_is_off_is_not_called(crm, receiver, anne, group):
    Integration.objects.update(is_active=False)

    queued = push(crm, anne, group)

    assert (queued.state, receiver.requests) == ("failed", [])


def test_a_receiver_that_is_away_is_tried_again_with_the_same_key(crm, receiver, anne, group):
    receiver.shutdown()
    receiver.server_close()
    queued = push(crm, anne, group)

    assert queued.state == "retrying"
    assert queued.outcome.startswith("ConnectError")


def test_a_ping_is_signed_too(crm, receiver):
    assert webhooks.ping(crm) == "HTTP 200 ok"

    ((_path, headers, body),) = receiver.requests
    assert (json.loads(body)["type"], "X-Bareme-Signature" in headers) == ("ping", True)


# --- http -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1/",
        "http://localhost/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://10.0.0.1/",
        "http://169.254.169.254/latest/meta-data/",
        "http://0.0.0.0/",
        "http://2130706433/",
        "http://192.168.1.1:8080/",
    ],
)
def test_addresses_of_our_own_network_are_refused(settings, url):
    settings.ALLOW_PRIVATE_WEBHOOKS = False

    with pytest.raises(DeliveryError) as error:
        http.post(url, b"{}", {})

    assert error.value.permanent


@pytest.mark.parametrize("url", ["ftp://example.com/", "file:///etc/passwd", "nothing", "http://"])
def test_what_is_no_web_address_is_refused(url):
    with pytest.raises(DeliveryError) as error:
        http.post(url, b"{}", {})

    assert error.value.permanent


def test_a_name_nobody_knows_may_be_known_later():
    with pytest.raises(DeliveryError) as error:
        http.post("http://nobody.invalid/", b"{}", {})

    assert not error.value.permanent


def test_an_endless_answer_is_cut(receiver):
    receiver.answer = (200, b"x" * 1_000_000)

    assert len(http.post(receiver.url, b"{}", {}).text) == http.LONGEST_ANSWER


def test_the_host_header_is_the_name_not_the_address(receiver):
    http.post(receiver.url.replace("127.0.0.1", "localhost"), b"{}", {})

    ((_path, headers, _body),) = receiver.requests
    assert headers["Host"] == f"localhost:{receiver.server_port}"
