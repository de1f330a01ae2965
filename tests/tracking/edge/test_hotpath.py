"""The hot path and Django give the same answers to the same requests; and whatever comes, none of them is a 5xx."""

import json
import uuid
from io import BytesIO
from urllib.parse import quote_from_bytes, unquote_to_bytes

import pytest
from django.core.handlers.wsgi import WSGIHandler
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from contacts import consent, consent_policies, merging
from tests.cases import cases
from tests.factories import ContactFactory, LinkFactory, SubjectFactory
from tracking import addresses, passes, tokens
from tracking.edge import hotpath
from tracking.edge.hotpath import HotPath
from tracking.edge.posts import PostHandler
from tracking.models import Hit, Kind, Subject
from tracking.tokens import Ref

pytestmark = pytest.mark.django_db(transaction=True)

VISITOR = "1f0e1a52-7a8e-4f4c-9d5a-0d7d6b1f2a3c"
SHOP = "https://shop.example/pricing"


@pytest.fixture
def rings(rings, monkeypatch):
    monkeypatch.setattr("tracking.edge.commits.ring", lambda: rings.append("ring"))
    return rings


@pytest.fixture
def app(settings, tmp_path, rings):
    """The WSGI application as config.wsgi makes it; `app.django` says what Django was asked."""
    settings.SPOOL_ROOT = tmp_path
    consent_policies.suppose({}, 60)
    asked = []
    django = WSGIHandler()
    made = HotPath(lambda environ, start: asked.append(environ["PATH_INFO"]) or django(environ, start), PostHandler())
    made.asked = asked
    yield made
    if made._edge:
        made._edge.end()


def call(app, path, method="GET", body=b"", **environ):
    """(status, headers, body) of a request as a server hands it over."""
    path, _, query = path.partition("?")
    answer = {}

    def start(status, headers):
        answer.update(status=int(status[:3]), headers=dict(headers), names=[name for name, _value in headers])

    body_of = app(
        {
            "REQUEST_METHOD": method,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
            "QUERY_STRING": query,
            "CONTENT_LENGTH": str(len(body)) if body else "",
            "CONTENT_TYPE": "text/plain",
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "HTTP_HOST": "localhost",
            "REMOTE_ADDR": "203.0.113.77",
            "wsgi.url_scheme": "http",
            "wsgi.input": BytesIO(body),
            "wsgi.errors": BytesIO(),
            **environ,
        },
        start,
    )
    return answer["status"], answer["headers"], b"".join(body_of)


def opened(number=9):
    return f"/t/o/{tokens.sign_ref(addresses.OPEN, Ref(7, 1, number))}.gif"


def clicked(target=SHOP, number=9, contact_id=7):
    return f"/t/c/{tokens.sign_target(addresses.CLICK_TO, Ref(contact_id, 1, number), target)}"


def beacon(*hits, **message):
    return json.dumps({"visitor": VISITOR, "hits": hits or [{"kind": "page", "url": SHOP}], **message}).encode()


def test_good_requests_never_reach_django(app, recorded, rings):
    link = LinkFactory(url="https://a.example/", source__type=Subject.Type.SMS)
    old = f"/t/c/{tokens.sign_ref(addresses.CLICK, Ref(7, link.subject_id, 9))}"
    statuses = [
        call(app, opened())[0],
        call(app, clicked())[0],
        call(app, old)[0],
        call(app, f"/t/p.gif?u={SHOP}")[0],
        call(app, "/t/b", "POST", beacon())[0],
    ]

    assert (statuses, app.asked) == ([200, 302, 302, 200, 204], [])
    kinds = [Kind.EMAIL_OPENED, Kind.EMAIL_CLICKED, Kind.SMS_CLICKED, Kind.PAGE_VISITED, Kind.PAGE_VISITED]
    assert recorded("kind", "ip") == [{"kind": kind, "ip": "203.0.113.0"} for kind in kinds]
    assert rings == ["ring"] * 3


@pytest.mark.parametrize(
    ("path", "method", "body", "environ", "status"),
    [
        (opened, "GET", b"", {}, 200),
        (opened, "HEAD", b"", {}, 200),
        (opened, "POST", b"", {}, 405),
        (opened, "GET", b"", {"HTTP_DNT": "1"}, 200),
        (clicked, "GET", b"", {}, 302),
        (clicked, "GET", b"", {"HTTP_COOKIE": f"bareme_browser={VISITOR}"}, 302),
        (clicked, "GET", b"", {"HTTP_COOKIE": "bareme_staff=1"}, 302),
        (clicked, "HEAD", b"", {}, 302),
        (lambda: clicked("https://shop.example/offre spéciale\r\nX: y"), "GET", b"", {}, 302),
        (lambda: clicked("javascript:alert(1)"), "GET", b"", {}, 404),
        (lambda: "/t/c/x", "GET", b"", {}, 404),
        (lambda: "/t/c/x", "GET", b"", {"HTTP_ACCEPT_LANGUAGE": "fr"}, 404),
        (lambda: "/t/o/x.gif", "GET", b"", {}, 404),
        (lambda: f"/t/o/{'A' * 48}.gif", "GET", b"", {}, 404),
        (lambda: "/t/p.gif", "GET", b"", {"HTTP_REFERER": SHOP}, 200),
        (lambda: "/t/p.gif", "PUT", b"", {}, 405),
        (lambda: "/t/p.gif?" + "a=1&" * 1001, "GET", b"", {"HTTP_REFERER": SHOP}, 200),
        (lambda: "/t/b", "POST", beacon(), {}, 204),
        (lambda: "/t/b", "POST", beacon(), {"HTTP_SEC_GPC": "1"}, 204),
        (lambda: "/t/b", "OPTIONS", b"", {}, 204),
        (lambda: "/t/b", "GET", b"", {}, 405),
        (lambda: "/t/b", "POST", b"{", {"HTTP_ACCEPT_LANGUAGE": "fr"}, 400),
        (lambda: "/t/b", "POST", beacon({"kind": "page", "url": "x"}), {"HTTP_ACCEPT_LANGUAGE": "fr"}, 422),
        (lambda: "/t/b", "POST", b" " * 64_001, {}, 413),
        (lambda: "/t/b", "POST", b"", {"HTTP_TRANSFER_ENCODING": "chunked"}, 411),
        (lambda: "/t/b", "POST", beacon(), {"CONTENT_LENGTH": "9" * 5000}, 400),
        (lambda: "/t/b", "POST", beacon({"kind": "identify", "person": {"email": "a@example.com"}}), {}, 204),
    ],
)
def test_it_answers_as_django_would(app, settings, recorded, path, method, body, environ, status):
    settings.CONSENT_REQUIRED = ["web_tracking"]
    columns = ("kind", "contact_id", "subject_id", "message_id", "visitor_id", "url", "user_agent", "ip", "data")
    ours = call(app, path(), method, body, **environ)
    hits = recorded(*columns)
    Hit.objects.all().delete()
    theirs = call(WSGIHandler(), path(), method, body, **environ)

    assert ours[0] == theirs[0] == status
    assert ours[2] == (b"" if method == "HEAD" else theirs[2])
    assert recorded(*columns) == hits
    assert varies(ours) <= varies(theirs)
    said = {name: value for name, value in ours[1].items() if name not in ("Content-Length", "Vary")}
    assert said.items() <= dict(theirs[1]).items()


def varies(answer):
    return set(answer[1].get("Vary", "").split(", ")) - {""}


def test_a_click_gives_its_cookie_only_where_it_may(app, settings, recorded):
    settings.CONSENT_REQUIRED = []
    headers = call(app, clicked())[1]
    secure = call(app, clicked(), **{"wsgi.url_scheme": "https"})[1]

    name, _, value = headers["Set-Cookie"].partition(";")[0].partition("=")
    assert (name, uuid.UUID(value)) == ("bareme_browser", recorded("visitor_id")[0]["visitor_id"])
    assert [flag in headers["Set-Cookie"] for flag in ("HttpOnly", "SameSite=Lax", "Path=/", "Secure")] == [
        True
    ] * 3 + [False]
    assert "Secure" in secure["Set-Cookie"]
    assert value not in secure["Set-Cookie"]
    settings.CONSENT_REQUIRED = ["web_tracking"]
    assert "Set-Cookie" not in call(app, clicked())[1]


def test_what_asks_for_consent_is_known_before_the_first_answer(app, settings):
    settings.CONSENT_REQUIRED = []
    consent_policies.decide("web_tracking", True)
    consent_policies.suppose({}, 60)

    assert "Set-Cookie" not in call(app, clicked())[1]


def test_a_pass_goes_to_visited_sites_only(app):
    SubjectFactory(type=Subject.Type.PAGE, key="shop.example/", host="shop.example", path="/")

    ours, other = call(app, clicked())[1]["Location"], call(app, clicked("https://other.example/"))[1]["Location"]

    assert passes.contact_id(ours.removeprefix(f"{SHOP}?bm=")) == 7
    assert other == "https://other.example/"


@pytest.mark.parametrize("purpose", ["link_tracking", "web_tracking"])
def test_no_pass_names_who_refused_to_be_followed(app, purpose):
    SubjectFactory(type=Subject.Type.PAGE, key="shop.example/", host="shop.example", path="/")
    somebody, merged, silent = ContactFactory(), ContactFactory(), ContactFactory()
    merging.merge(somebody.pk, merged.pk)
    assert [is_named(app, person) for person in (somebody, merged, silent)] == [True, True, True]

    consent.withdraw(somebody, purpose)
    assert [is_named(app, person) for person in (somebody, merged, silent)] == [False, False, True]


def test_no_pass_names_who_has_not_said_yes_where_links_need_one(app, settings):
    SubjectFactory(type=Subject.Type.PAGE, key="shop.example/", host="shop.example", path="/")
    silent, willing = ContactFactory(), ContactFactory()
    consent.give(willing, "link_tracking")
    settings.CONSENT_REQUIRED = ["link_tracking", "web_tracking"]

    assert [is_named(app, person) for person in (silent, willing)] == [False, True]


def is_named(app, contact):
    return "bm=" in call(app, clicked(contact_id=contact.pk))[1]["Location"]


def test_over_http_everything_is_led_to_https(settings):
    settings.SECURE_SSL_REDIRECT = True
    status, headers, _body = call(HotPath(WSGIHandler()), opened())

    assert (status, headers["Location"]) == (301, f"https://localhost{opened()}")


def test_under_https_the_browser_is_told_to_stay_there(app, settings):
    settings.SECURE_HSTS_SECONDS = 3600
    for path, method, body in ((opened(), "GET", b""), (clicked(), "GET", b""), ("/t/b", "POST", beacon())):
        headers = call(app, path, method, body, **{"wsgi.url_scheme": "https"})[1]
        assert headers["Strict-Transport-Security"] == "max-age=3600; includeSubDomains"


def test_the_same_key_counts_once(app, recorded):
    body = beacon({"kind": "page", "url": SHOP, "key": VISITOR})
    assert [call(app, "/t/b", "POST", body)[0] for _ in range(3)] == [204] * 3

    assert len(recorded("id")) == 1


def test_a_forked_process_starts_threads_of_its_own(app, monkeypatch):
    call(app, opened())
    before = app.edge()
    monkeypatch.setattr(hotpath.os, "getpid", lambda: before.pid + 1)
    after = app.edge()

    assert after is not before
    assert app.edge() is after
    monkeypatch.undo()
    before.end()
    after.pid = before.pid
    after.end()


fuzz = hypothesis_settings(
    cases(150), suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
latin = st.text(st.characters(max_codepoint=255), max_size=60)
names = ("COOKIE", "REFERER", "USER_AGENT", "DNT", "PURPOSE", "X_FORWARDED_FOR", "ACCEPT_LANGUAGE", "HOST", "ACCEPT")
sent_headers = st.dictionaries(st.sampled_from([f"HTTP_{name}" for name in names]), latin, max_size=4)
good_tokens = st.sampled_from([opened()[5:-4], clicked()[5:]])
token_like = (
    st.binary(max_size=80).map(quote_from_bytes)
    | good_tokens
    | st.tuples(good_tokens, st.integers(0, 60), st.characters(max_codepoint=255)).map(
        lambda t: quote_from_bytes((t[0][: t[1]] + t[2] + t[0][t[1] + 1 :]).encode())
    )
)


def check(answer):
    status, headers, _body = answer
    assert status < 500
    assert headers.get("Location", "/") == SHOP or headers.get("Location", "/").startswith("/")
    for name, value in headers.items():
        assert not set("\r\n\0") & set(f"{name}{value}")


@fuzz
@given(
    st.sampled_from(["/t/o/{}.gif", "/t/c/{}", "/t/o/{}", "/t/{}", "/t/p.gif?u={}", "/t/p.gif?{}", "/t/b?{}"]),
    token_like,
    st.sampled_from(["GET", "HEAD", "POST", "OPTIONS", "get", "X"]),
    sent_headers,
)
def test_any_request_is_answered(app, pattern, token, method, headers):
    check(call(app, pattern.format(token), method, **headers))


@fuzz
@given(
    st.binary(max_size=200)
    | st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | latin,
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["hits", "visitor", "pass", "kind", "url", "key", "ago", "name", "utm"]), inner
            )
        ),
        max_leaves=10,
    ).map(lambda value: json.dumps(value).encode()),
    st.sampled_from(["", "0", "5", "-1", "1e3", "²", "99999999999", " 7", "64000"]) | st.none(),
    sent_headers,
)
def test_any_beacon_is_answered(app, body, length, headers):
    length = {} if length is None else {"CONTENT_LENGTH": length}
    check(call(app, "/t/b", "POST", body, **headers, **length))
