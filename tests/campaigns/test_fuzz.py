"""Whatever anybody sends to the addresses that stand in our messages: never a 5xx, and no yes that nobody gave."""

import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.mail import links
from contacts.models import Consent
from tests.factories import ContactFactory
from tests.tracking.test_fuzz import check, fuzz, headers, json_values, texts
from tracking import apikeys
from tracking.models import ApiKey
from tracking.tokens import Ref


@pytest.fixture
def world(db, settings):
    settings.PUBLIC_URL, settings.TRUSTED_PROXY_COUNT = "https://bareme.example", 1
    contact = ContactFactory(phone="+33612345678")
    path = links.preferences(Ref(contact.pk, 1, 1)).removeprefix("https://bareme.example")
    return {"path": path, "secret": apikeys.issue(ApiKey(name="Fuzz"))}


@fuzz
@given(texts, st.sampled_from(["u/{}", "u/{}/choices", "f/confirm/{}"]), headers)
def test_any_path(client, world, text, pattern, sent):
    for method in (client.get, client.post, client.head):
        check(method("/" + pattern.format(quote(text, safe="/?&=", errors="replace")), headers=sent))


@fuzz
@given(
    st.dictionaries(st.sampled_from(["shown", "on", "ask", "nothing"]) | texts, texts | st.lists(texts, max_size=3)),
    st.dictionaries(st.sampled_from(["lang", "done"]), texts),
    headers,
)
def test_any_choice(client, world, values, query, sent):
    plain = json.loads(json.dumps(values).encode("utf-8", "replace"))
    address = f"{world['path']}?" + "&".join(
        f"{name}={quote(value, errors='replace')}" for name, value in query.items()
    )
    check(client.get(address, headers=sent))
    check(client.post(address, plain, headers=sent))
    assert not Consent.objects.filter(granted=True).exists()


@fuzz
@given(
    st.binary(max_size=300), st.sampled_from(["application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
)
def test_any_body(client, world, body, content_type):
    check(client.generic("POST", world["path"], body, content_type=content_type))


@fuzz
@given(
    st.binary(max_size=200)
    | (json_values | st.dictionaries(st.sampled_from(["from", "text"]), json_values | texts)).map(
        lambda value: json.dumps(value).encode()
    )
)
def test_any_sms(client, world, body):
    headers = {"authorization": f"Bearer {world['secret']}"}
    check(client.post("/api/v1/sms/inbound", body, content_type="application/json", headers=headers))
