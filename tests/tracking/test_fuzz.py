"""Whatever anybody sends to a public address: never a 5xx, never a redirect to where we did not sign it to."""

import json
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.factories import AssetFactory, FormFactory, FormFieldFactory, LandingPageFactory
from tracking import apikeys, nonces
from tracking.models import ApiKey, FormField, Hit

fuzz = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
texts = st.text(max_size=60)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)
headers = st.fixed_dictionaries(
    {},
    optional={
        "accept": st.sampled_from(["application/json", "text/html", "*/*", ""]),
        "accept-language": st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=40),
        "referer": st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=60),
        "user-agent": st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=60),
        "x-forwarded-for": st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=60),
        "cookie": st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=60).map(
            lambda text: f"bareme_browser={text}"
        ),
    },
)
names = st.sampled_from(
    [
        "kind",
        "url",
        "title",
        "utm",
        "key",
        "ago",
        "name",
        "properties",
        "person",
        "email",
        "visitor",
        "at",
        "webinar",
        "asset",
    ]
)
hit_like = st.dictionaries(
    names,
    json_values | st.sampled_from(["page", "event", "identify", "custom", "webinar_attended", "https://a.example/"]),
)


@pytest.fixture
def world(db, settings):
    settings.TRUSTED_PROXY_COUNT = 1
    form = FormFactory()
    for type_ in FormField.Type.values:
        FormFieldFactory(form=form, key=type_, type=type_, choices=["a", "b"])
    LandingPageFactory(slug="page", form=form)
    return {"form": form, "asset": AssetFactory(gate=form), "secret": apikeys.issue(ApiKey(name="Fuzz"))}


def check(response):
    assert response.status_code < 500
    assert response.get("Location", "/").startswith("/")


@fuzz
@given(
    texts, st.sampled_from(["t/o/{}.gif", "t/c/{}", "f/{}", "f/{}.js", "p/{}", "a/{}", "t/{}", "api/v1/{}"]), headers
)
def test_any_path(client, world, text, pattern, sent):
    for method in (client.get, client.post, client.head):
        check(method("/" + pattern.format(quote(text, safe="/?&=", errors="replace")), headers=sent))


@pytest.mark.slow
@fuzz
@given(
    st.dictionaries(st.sampled_from(["u", "sent", "g", "bm", "embed", "preview", "utm_source"]) | texts, texts), headers
)
def test_any_query(client, world, query, sent):
    for path in ("/t/p.gif", "/t/own", "/p/page", f"/f/{world['form'].public_id}", f"/a/{world['asset'].public_id}"):
        check(client.get(path, query, headers=sent))


@fuzz
@given(
    st.binary(max_size=200)
    | json_values.map(lambda value: json.dumps(value).encode())
    | st.lists(hit_like, max_size=3).map(lambda hits: json.dumps({"hits": hits}).encode())
    | st.dictionaries(st.sampled_from(["hits", "visitor", "pass"]), json_values).map(
        lambda value: json.dumps(value).encode()
    ),
    headers,
)
def test_any_beacon(client, world, body, sent):
    response = client.post("/t/b", body, content_type="text/plain", headers=sent)

    check(response)
    assert response.status_code == 204 or not Hit.objects.exists()
    Hit.objects.all().delete()


@fuzz
@given(
    st.binary(max_size=200)
    | (json_values | hit_like | st.lists(hit_like, max_size=3)).map(lambda v: json.dumps(v).encode()),
    headers,
)
def test_any_api_call(client, world, body, sent):
    for path in ("/api/v1/events", "/api/v1/contacts", "/api/v1/consents"):
        authorized = {**sent, "authorization": f"Bearer {world['secret']}"}
        response = client.post(path, body, content_type="application/json", headers=authorized)
        check(response)
        assert response.status_code == 202 or not Hit.objects.exists()
        Hit.objects.all().delete()


@fuzz
@given(
    st.dictionaries(st.sampled_from(FormField.Type.values) | st.sampled_from(["bareme_page", "bareme_visitor"]), texts),
    st.sampled_from(["form", "page", "asset"]),
    st.booleans(),
    headers,
)
def test_any_form_post(client, world, answers, where, as_json, sent):
    form = world["form"]
    path = {"form": f"/f/{form.public_id}", "page": "/p/page", "asset": f"/a/{world['asset'].public_id}"}[where]
    values = {**answers, "bareme_token": nonces.form_token(form)}
    if as_json:
        check(client.post(path, json.dumps(values), content_type="application/json", headers=sent))
    else:
        values = {name: value.encode("utf-8", "replace").decode() for name, value in values.items()}
        check(client.post(path, values, headers=sent))


@fuzz
@given(
    st.binary(max_size=300),
    st.sampled_from(
        [
            "application/x-www-form-urlencoded",
            "application/x-www-form-urlencoded; charset=utf-16",
            "multipart/form-data; boundary=x",
            "multipart/form-data",
            "application/json",
            "text/plain",
            "",
        ]
    )
    | st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40),
)
def test_any_form_body(client, world, body, content_type):
    # Not `post()`: the test client would encode the body anew.
    check(client.generic("POST", f"/f/{world['form'].public_id}", body, content_type=content_type))
