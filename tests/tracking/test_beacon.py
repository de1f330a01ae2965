import json
from datetime import timedelta
from uuid import UUID

import pytest
from django.test import RequestFactory
from django.urls import resolve
from django.utils import timezone

from tests.factories import CustomFieldFactory
from tracking import passes
from tracking.models import Kind

VISITOR = "1f0e1a52-7a8e-4f4c-9d5a-0d7d6b1f2a3c"
KEY = "5f9c6a52-0000-4f4c-9d5a-0d7d6b1f2a3c"
PAGE = {"kind": "page", "url": "https://shop.example/pricing"}


@pytest.fixture
def send(client, db):
    def send(*hits, content_type="text/plain;charset=UTF-8", headers=None, **message):
        body = message.pop("body", None) or json.dumps({"visitor": VISITOR, "hits": hits, **message})
        return client.post("/t/b", body, content_type=content_type, headers=headers)

    return send


def test_a_page_view_is_recorded_with_all_the_script_knows(send, recorded, rings):
    response = send(
        {**PAGE, "title": "Pricing", "referrer": "https://search.example/", "utm": {"source": "mail", "x": "y"}}
    )

    assert (response.status_code, response.content, response["Access-Control-Allow-Origin"]) == (204, b"", "*")
    assert "Access-Control-Allow-Credentials" not in response
    assert recorded("kind", "url", "visitor_id", "contact_id", "data") == [
        {
            "kind": Kind.PAGE_VISITED,
            "url": "https://shop.example/pricing",
            "visitor_id": UUID(VISITOR),
            "contact_id": None,
            "data": {"title": "Pricing", "referrer": "https://search.example/", "utm": {"source": "mail"}},
        }
    ]
    assert rings == ["ring"]


def test_a_retry_with_the_same_key_counts_once(send, recorded):
    send({**PAGE, "key": KEY})
    send({**PAGE, "key": KEY})

    assert len(recorded("id")) == 1


def test_a_hit_held_back_keeps_its_place_in_time(send, recorded):
    send({**PAGE, "ago": 3_600_000}, {**PAGE, "ago": 10**15})

    now = timezone.now()
    hour, day = (now - hit["at"] for hit in recorded("at"))
    assert timedelta(hours=1) <= hour < timedelta(hours=1, minutes=1)
    assert timedelta(days=1) <= day < timedelta(days=1, minutes=1)


def test_custom_events_and_identify_calls(send, recorded):
    CustomFieldFactory(key="plan")

    send(
        {"kind": "event", "name": "Trial started", "properties": {"seats": 3}, "url": "https://shop.example/"},
        {"kind": "identify", "person": {"email": " Ada@Example.com ", "first_name": "Ada", "fields": {"plan": "pro"}}},
    )

    assert recorded("kind", "url", "data") == [
        {
            "kind": Kind.CUSTOM,
            "url": "https://shop.example/",
            "data": {"name": "Trial started", "properties": {"seats": 3}},
        },
        {
            "kind": Kind.IDENTIFIED,
            "url": "",
            "data": {"email": "ada@example.com", "first_name": "Ada", "fields": {"plan": "pro"}, "trusted": False},
        },
    ]


def test_the_script_cannot_pretend_to_be_trusted(send, recorded):
    send({"kind": "identify", "person": {"email": "ada@example.com", "trusted": True}})

    assert recorded("data") == [{"data": {"email": "ada@example.com", "trusted": False}}]


def test_a_pass_says_which_contact_it_is(send, recorded):
    send(PAGE, **{"pass": passes.issue(7)})
    send(PAGE, **{"pass": "forged"})

    assert recorded("contact_id") == [{"contact_id": 7}, {"contact_id": None}]


def test_an_old_pass_is_worth_nothing(send, recorded, time_machine):
    time_machine.move_to("2026-05-01T09:30:00Z")
    token = passes.issue(7)
    time_machine.shift(3602)
    send(PAGE, **{"pass": token})

    assert recorded("contact_id") == [{"contact_id": None}]


@pytest.mark.parametrize("header", ["DNT", "Sec-GPC"])
def test_a_refusal_stops_page_views_only(send, recorded, header):
    response = send(PAGE, {"kind": "event", "name": "x"}, headers={header: "1"})

    assert response.status_code == 204
    assert recorded("kind") == [{"kind": Kind.CUSTOM}]


def test_twenty_hits_are_taken_and_twenty_one_are_not(send, recorded):
    assert send(*[PAGE] * 20).status_code == 204
    assert send(*[PAGE] * 21).status_code == 413
    assert len(recorded("id")) == 20


DEEP = {"a": {"a": {"a": {"a": {"a": 1}}}}}


@pytest.mark.parametrize(
    ("hit", "field"),
    [
        ({}, "kind"),
        ({"kind": "email_opened"}, "kind"),
        ({"kind": ["page"]}, "kind"),
        ({"kind": "page"}, "url"),
        ({"kind": "page", "url": "javascript:alert(1)"}, "url"),
        ({"kind": "page", "url": "http://["}, "url"),
        ({**PAGE, "url": "https://a.example/" + "a" * 9000}, "url"),
        ({**PAGE, "title": 7}, "title"),
        ({**PAGE, "utm": "x"}, "utm"),
        ({**PAGE, "key": "x"}, "key"),
        ({**PAGE, "ago": -1}, "ago"),
        ({**PAGE, "ago": 1e300}, "ago"),
        ({**PAGE, "ago": True}, "ago"),
        ({"kind": "event"}, "name"),
        ({"kind": "event", "name": " \x00 "}, "name"),
        ({"kind": "event", "name": "x" * 101}, "name"),
        ({"kind": "event", "name": "x", "properties": []}, "properties"),
        ({"kind": "event", "name": "x", "properties": DEEP}, "properties"),
        ({"kind": "event", "name": "x", "properties": {"a": "x" * 9000}}, "properties"),
        ({"kind": "event", "name": "x", "properties": {str(n): n for n in range(51)}}, "properties"),
        ({"kind": "identify"}, "person"),
        ({"kind": "identify", "person": {}}, "email"),
        ({"kind": "identify", "person": {"email": "nobody"}}, "email"),
        ({"kind": "identify", "person": {"email": "a@example.com", "country": "Narnia"}}, "country"),
        ({"kind": "identify", "person": {"email": "a@example.com", "phone": "x"}}, "phone"),
        ({"kind": "identify", "person": {"email": "a@example.com", "language": "tlh"}}, "language"),
        ({"kind": "identify", "person": {"email": "a@example.com", "fields": {"a\x00": 1}}}, "fields.a\x00"),
        ("x", "hits"),
        (None, "hits"),
    ],
)
def test_one_wrong_hit_is_named_and_nothing_is_recorded(send, recorded, hit, field):
    response = send(PAGE, hit)

    assert (response.status_code, response.json()["field"]) == (422, field)
    assert recorded("id") == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"\xff", 400),
        (b'{"hits": [NaN]}', 400),
        (b'{"hits": ["\\ud800"]}', 400),
        (b"[" * 5000 + b"]" * 5000, 400),
        (b"1" * 5000, 400),
        (b"[]", 422),
        (b"null", 422),
        (b"{}", 400),
        (b'{"hits": []}', 400),
        (b'{"hits": {}}', 400),
        (b'{"hits": [], "visitor": 1}', 400),
        (b'{"hits": [{"kind":"page","url":"https://a.example"}], "visitor": "x"}', 422),
        (b'{"hits": [{"kind":"page","url":"https://a.example"}], "visitor": []}', 422),
        (b" " * 64_001, 413),
        (b" " * 10_000_000, 413),
    ],
)
def test_what_is_no_message_is_refused_in_a_sentence(send, recorded, body, status):
    response = send(body=body)

    assert response.status_code == status
    assert recorded("id") == []


def test_nul_characters_are_dropped(send, recorded):
    send({**PAGE, "title": "a\x00b"}, {"kind": "event", "name": "x", "properties": {"k\x00": ["v\x00"]}})

    assert recorded("data") == [{"data": {"title": "ab"}}, {"data": {"name": "x", "properties": {"k": ["v"]}}}]


def test_a_preflight_is_answered(client, db):
    response = client.options("/t/b")

    assert (response.status_code, response["Access-Control-Allow-Origin"]) == (204, "*")
    assert (response["Access-Control-Allow-Methods"], "Access-Control-Allow-Credentials" in response) == (
        "GET, POST",
        False,
    )


def test_the_script_is_small_cached_and_knows_whether_to_wait(client, settings):
    settings.CONSENT_REQUIRED = ["web_tracking"]
    waits = client.get("/t/bareme.js")
    settings.CONSENT_REQUIRED = []
    starts = client.get("/t/bareme.js")

    assert (waits["Content-Type"], waits["Cache-Control"]) == ("text/javascript; charset=utf-8", "public, max-age=3600")
    assert len(waits.content) < 10_000
    assert "consentRequired = true;" in waits.text
    assert "consentRequired = false;" in starts.text
    assert ("eval" in waits.text, "innerHTML" in waits.text) == (False, False)


def test_a_body_of_unknown_length_is_refused_with_the_reason():
    request = RequestFactory().post("/t/b", b"", content_type="application/json")
    request.META |= {"HTTP_TRANSFER_ENCODING": "chunked", "CONTENT_LENGTH": ""}

    response = resolve("/t/b").func(request)

    assert (response.status_code, b"Content-Length" in response.content) == (411, True)
