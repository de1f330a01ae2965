import json
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from django.utils import timezone

from tests.factories import AssetFactory, CustomFieldFactory, SubjectFactory
from tracking import apikeys
from tracking.models import ApiKey, Kind, Subject

VISITOR = "1f0e1a52-7a8e-4f4c-9d5a-0d7d6b1f2a3c"
CUSTOM = {"kind": "custom", "email": "ada@example.com", "name": "Trial started"}


@pytest.fixture
def key(db):
    return ApiKey(name="Shop")


@pytest.fixture
def secret(key):
    return apikeys.issue(key)


@pytest.fixture
def call(client, secret):
    def call(path, body, content_type="application/json", authorization=f"Bearer {secret}", **extra):
        body = body if isinstance(body, bytes) else json.dumps(body)
        return client.post(
            f"/api/v1/{path}", body, content_type=content_type, headers={"authorization": authorization}, **extra
        )

    return call


def test_a_custom_event_is_accepted_and_recorded(call, recorded, rings):
    response = call(
        "events", {**CUSTOM, "properties": {"seats": 3}, "at": "2026-05-01T11:30:00+02:00", "visitor": VISITOR}
    )

    assert (response.status_code, response.json()) == (202, {"accepted": 1})
    assert recorded("kind", "at", "visitor_id", "data") == [
        {
            "kind": Kind.CUSTOM,
            "at": datetime(2026, 5, 1, 9, 30, tzinfo=UTC),
            "visitor_id": UUID(VISITOR),
            "data": {"email": "ada@example.com", "trusted": True, "name": "Trial started", "properties": {"seats": 3}},
        }
    ]
    assert rings == ["ring"]


def test_events_of_other_kinds_name_what_they_are_about(call, recorded):
    webinar = SubjectFactory(type=Subject.Type.WEBINAR, key="5", ref_id=5)
    asset = AssetFactory()
    who = {"email": "ada@example.com"}

    response = call(
        "events",
        [
            {"kind": "webinar_registered", "webinar": 5, **who},
            {"kind": "webinar_attended", "webinar": 5, **who},
            {"kind": "webinar_missed", "webinar": 5, **who},
            {"kind": "asset_downloaded", "asset": asset.public_id, **who},
            {"kind": "page_visited", "url": "https://shop.example/", "title": "Shop", **who},
        ],
    )

    about = Subject.objects.get(type="asset", ref_id=asset.pk).pk
    assert response.json() == {"accepted": 5}
    assert recorded("kind", "subject_id", "url") == [
        {"kind": Kind.WEBINAR_REGISTERED, "subject_id": webinar.pk, "url": ""},
        {"kind": Kind.WEBINAR_ATTENDED, "subject_id": webinar.pk, "url": ""},
        {"kind": Kind.WEBINAR_MISSED, "subject_id": webinar.pk, "url": ""},
        {"kind": Kind.ASSET_DOWNLOADED, "subject_id": about, "url": ""},
        {"kind": Kind.PAGE_VISITED, "subject_id": None, "url": "https://shop.example/"},
    ]


def test_the_same_key_counts_once_for_one_caller(call, recorded, client):
    other = apikeys.issue(ApiKey(name="Other"))
    for authorization in (None, None, f"Bearer {other}"):
        call(
            "events", {**CUSTOM, "key": "order 1 é" * 20}, **({"authorization": authorization} if authorization else {})
        )

    assert len(recorded("id")) == 2


def test_a_thousand_events_are_taken_in_few_queries_and_one_more_is_not(call, recorded, django_assert_max_num_queries):
    with django_assert_max_num_queries(3):
        assert call("events", [CUSTOM] * 1000).status_code == 202
    assert call("events", [CUSTOM] * 1001).status_code == 413
    assert len(recorded("id")) == 1000


FUTURE = (timezone.now() + timedelta(days=1)).isoformat()
DEEP = {"a": {"a": {"a": {"a": {"a": 1}}}}}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"kind": None}, "kind"),
        ({"kind": "email_opened"}, "kind"),
        ({"kind": 7}, "kind"),
        ({"email": None}, "email"),
        ({"email": "nobody"}, "email"),
        ({"email": ["ada@example.com"]}, "email"),
        ({"email": "a@" + "b" * 300 + ".example"}, "email"),
        ({"visitor": "x"}, "visitor"),
        ({"name": ""}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"key": "x" * 201}, "key"),
        ({"at": "yesterday"}, "at"),
        ({"at": "2026-05-01T09:30:00"}, "at"),
        ({"at": "2026-13-01T09:30:00Z"}, "at"),
        ({"at": "1999-12-31T23:59:59Z"}, "at"),
        ({"at": "9999-12-31T23:59:59-23:59"}, "at"),
        ({"at": "0001-01-01T00:00:00+23:59"}, "at"),
        ({"at": FUTURE}, "at"),
        ({"at": 1777627800}, "at"),
        ({"properties": "x"}, "properties"),
        ({"properties": DEEP}, "properties"),
        ({"properties": {"a": "x" * 9000}}, "properties"),
        ({"emial": "x"}, "emial"),
        ({"webinar": 5}, "webinar"),
        ({"kind": "webinar_attended", "name": None}, "name"),
    ],
)
def test_a_wrong_event_is_named_by_item_and_field_and_none_is_recorded(call, recorded, change, field):
    wrong = {name: value for name, value in {**CUSTOM, **change}.items() if value is not None or name != "name"}

    response = call("events", [CUSTOM, wrong])

    answer = response.json()
    if field == "name" and change.get("kind") == "webinar_attended":
        field = "webinar"
    assert response.status_code == 422
    assert [(error["item"], error["field"]) for error in answer["errors"]] == [(1, field)]
    assert answer["error"] == "Nothing was recorded: 1 event is wrong."
    assert recorded("id") == []


@pytest.mark.parametrize("webinar", [None, 6, 0, -1, 2**63, 2**64 - 1, 1.5, "5", True, [5]])
def test_an_unknown_webinar_is_an_error(call, recorded, webinar):
    response = call("events", {"kind": "webinar_attended", "email": "ada@example.com", "webinar": webinar})

    assert (response.status_code, response.json()["errors"][0]["field"]) == (422, "webinar")
    assert recorded("id") == []


@pytest.mark.parametrize(
    ("at", "status"),
    [("2026-01-02T00:00:00+23:59", 202), ("2026-01-02T00:00:00-23:59", 202), ("2000-01-01T00:00:00+23:59", 422)],
)
def test_an_offset_that_only_python_takes_is_no_trouble(call, recorded, at, status):
    assert call("events", {"kind": "custom", "name": "x", "email": "ada@example.com", "at": at}).status_code == status
    assert len(recorded("id")) == (status == 202)


@pytest.mark.parametrize("asset", [None, "x", "\x00", "x" * 100, 7, []])
def test_an_unknown_asset_is_an_error(call, recorded, asset):
    response = call("events", {"kind": "asset_downloaded", "email": "ada@example.com", "asset": asset})

    assert (response.status_code, response.json()["errors"][0]["field"]) == (422, "asset")


@pytest.mark.parametrize("path", ["events", "contacts"])
@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b" ", "application/json", 400),
        (b"{", "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        (b'{"email": NaN}', "application/json", 400),
        (b'{"email": "\\ud800"}', "application/json", 400),
        (b'{"email": 1e999}', "application/json", 400),
        (b"[" * 5000 + b"]" * 5000, "application/json", 400),
        (b"[]", "application/json", 422),
        (b"7", "application/json", 422),
        (b"null", "application/json", 422),
        (b"{}", "application/json", 422),
        (b"{}", "text/plain", 415),
        (b"a=1", "application/x-www-form-urlencoded", 415),
        (b" " * 1_000_001, "application/json", 413),
        (b" " * 10_000_000, "application/json", 413),
    ],
)
def test_malformed_requests_are_refused_in_a_sentence(call, recorded, path, body, content_type, status):
    response = call(path, body, content_type)

    assert response.status_code == status
    assert isinstance(response.json()["error"], str)
    assert recorded("id") == []


@pytest.mark.parametrize(
    "authorization", ["", "Bearer", "Bearer x", "Basic eDp5", "Bearer é\x00", "Bearer " + "x" * 5000]
)
def test_without_a_valid_key_nothing_is_taken(call, recorded, authorization):
    response = call("events", CUSTOM, authorization=authorization)

    assert (response.status_code, response["WWW-Authenticate"]) == (401, "Bearer")
    assert recorded("id") == []


def test_a_key_switched_off_is_no_key(call, key, secret):
    key.is_active = False
    key.save()

    assert call("events", CUSTOM).status_code == 401


def test_only_the_hash_of_a_key_is_kept(key, secret):
    key.refresh_from_db()

    assert (len(key.digest), key.prefix, secret.startswith(key.prefix)) == (64, secret[:10], True)
    assert secret not in str(vars(key))


def test_the_use_of_a_key_is_noted_at_most_once_a_minute(call, key, time_machine):
    time_machine.move_to("2026-05-01T09:30:00Z", tick=False)
    noted = []
    for _ in range(3):
        call("contacts", {"email": "ada@example.com"})
        key.refresh_from_db()
        noted.append(key.last_used_at)
        time_machine.shift(40)

    assert [f"{moment:%H:%M:%S}" for moment in noted] == ["09:30:00", "09:30:00", "09:31:20"]


def test_other_methods_are_refused(client, db):
    response = client.get("/api/v1/events")

    assert (response.status_code, response["Allow"], "error" in response.json()) == (405, "POST", True)


def test_a_contact_is_told_as_a_trusted_identification(call, recorded):
    CustomFieldFactory(key="plan")

    response = call(
        "contacts",
        {
            "email": "Ada@Example.com",
            "first_name": "Ada",
            "company": "Analytical Engines",
            "phone": "+33 6 12 34 56 78",
            "country": "fr",
            "fields": {"plan": "pro"},
            "visitor": VISITOR,
        },
    )

    assert response.status_code == 202
    assert recorded("kind", "visitor_id", "data") == [
        {
            "kind": Kind.IDENTIFIED,
            "visitor_id": UUID(VISITOR),
            "data": {
                "email": "ada@example.com",
                "first_name": "Ada",
                "company": "Analytical Engines",
                "phone": "+33612345678",
                "country": "FR",
                "fields": {"plan": "pro"},
                "trusted": True,
            },
        }
    ]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"email": ""}, "email"),
        ({"email": "a@example.com\r\nBcc: b@example.com"}, "email"),
        ({"first_name": "x" * 101}, "first_name"),
        ({"phone": "x"}, "phone"),
        ({"country": "Narnia"}, "country"),
        ({"time_zone": "Mars/Phobos"}, "time_zone"),
        ({"fields": {"unknown": 1}}, "fields.unknown"),
        ({"fields": [1]}, "fields"),
        ({"score": 100}, "score"),
        ({"stage": 1}, "stage"),
    ],
)
def test_a_wrong_contact_is_named_by_field(call, recorded, change, field):
    response = call("contacts", {"email": "ada@example.com", **change})

    assert (response.status_code, response.json()["field"]) == (422, field)
    assert recorded("id") == []
