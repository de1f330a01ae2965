"""Posts of forms behind the hot path: answered as Django alone would, without asking the database for what is known."""

import json
import re

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext

from tests.factories import FormFactory, FormFieldFactory
from tests.tracking.edge.test_hotpath import app, call, rings  # noqa: F401 - the fixtures
from tracking import nonces, posting
from tracking.edge import together
from tracking.models import Form, Hit, Kind, Subject

pytestmark = pytest.mark.django_db(transaction=True)

FRENCH = {"HTTP_ACCEPT_LANGUAGE": "fr"}
DRAWN = re.compile(rb'name="bareme_nonce" value="[^"]*"')
HTML = {"HTTP_ACCEPT": "text/html"}
COLUMNS = ("kind", "key", "subject_id", "url", "user_agent", "ip", "data")


@pytest.fixture
def form():
    made = FormFactory()
    FormFieldFactory(form=made, key="email", type="email", required=True)
    return made


def body(form, **values):
    return json.dumps({"email": "ada@example.com", "bareme_token": nonces.form_token(form), **values}).encode()


def send(through, form, body, **environ):
    return call(through, f"/f/{form.public_id}", "POST", body, **{"CONTENT_TYPE": "application/json", **environ})


@pytest.mark.parametrize(
    ("values", "environ", "status"),
    [
        ({}, {}, 200),
        ({}, FRENCH, 200),
        ({"bareme_page": "https://shop.example/demo"}, {"HTTP_COOKIE": "bareme_staff=1"}, 200),
        ({"email": "no address"}, FRENCH, 422),
        ({"bareme_token": "x"}, {}, 422),
        ({"bareme_fax": "1"}, {}, 200),
        ({"email": {}}, {}, 422),
        ({}, {"HTTP_REFERER": "https://shop.example/demo", "HTTP_USER_AGENT": "Firefox"}, 200),
        ({}, {"HTTP_AUTHORIZATION": "Bearer bm_nobodys"}, 200),
        ({}, {"CONTENT_TYPE": "text/plain"}, 415),
        ({}, {"CONTENT_LENGTH": "9" * 12}, 413),
        ({}, {"HTTP_TRANSFER_ENCODING": "chunked", "CONTENT_LENGTH": ""}, 411),
    ],
)
def test_a_post_is_answered_as_django_would(app, form, recorded, values, environ, status):  # noqa: F811
    ours = send(app, form, body(form, **values), **environ)
    hits = recorded(*COLUMNS)
    Hit.objects.all().delete()
    theirs = send(WSGIHandler(), form, body(form, **values), **environ)

    assert ours[0] == theirs[0] == status
    assert said(ours) == said(theirs)
    assert ours[1] == theirs[1]
    assert recorded(*COLUMNS) == hits
    assert len(hits) == (status == 200 and "bareme_fax" not in values)


def said(answer):
    """The answer without its nonce, of which each is another."""
    given = json.loads(answer[2]) if answer[1]["Content-Type"] == "application/json" else answer[2]
    return given | {"nonce": "nonce" in given} if isinstance(given, dict) else given


def test_a_post_of_a_page_without_script_is_led_on(app, form, recorded):  # noqa: F811
    sent = f"email=ada@example.com&bareme_token={nonces.form_token(form)}".encode()
    status, headers, _body = send(app, form, sent, CONTENT_TYPE="application/x-www-form-urlencoded", **HTML)

    assert (status, headers["Location"].partition("=")[0]) == (303, f"/f/{form.public_id}?sent")
    assert recorded("kind") == [{"kind": Kind.FORM_SUBMITTED}]


@pytest.mark.parametrize("cookie", ["", f"sessionid={'s' * 32}; csrftoken={'c' * 32}; messages=m"])
@pytest.mark.parametrize(
    ("email", "page", "status"), [("ada@example.com", "{}", 303), ("wrong", "{}", 422), ("", "{}/nothing", 404)]
)
def test_who_has_no_script_is_shown_what_django_would_show(app, form, cookie, email, page, status):  # noqa: F811
    sent = f"email={email}&bareme_token={nonces.form_token(form)}".encode()
    environ = {"CONTENT_TYPE": "application/x-www-form-urlencoded", "HTTP_COOKIE": cookie, **HTML, **FRENCH}
    ours, theirs = (
        call(through, page.format(f"/f/{form.public_id}"), "POST", sent, **environ) for through in (app, WSGIHandler())
    )

    assert ours[0] == theirs[0] == status
    assert DRAWN.sub(b"", ours[2]) == DRAWN.sub(b"", theirs[2])
    assert without_changing(ours[1]) == without_changing(theirs[1])


def without_changing(headers):
    """The headers without what is another for each submission."""
    return headers | {name: headers.get(name, "").partition("=")[0] for name in ("Location", "Set-Cookie")}


def test_an_unknown_form_is_not_found(app, form):  # noqa: F811
    for address in ("/f/nothing-here", "/f/nothing-here", "/f/", f"/f/{form.public_id}", f"/f/{form.public_id}/more"):
        status = call(app, address, "POST", body(form), CONTENT_TYPE="application/json")[0]
        assert status == (200 if address.endswith(form.public_id) else 404)


def test_a_form_is_read_once_for_many(app, form, recorded, rings):  # noqa: F811
    send(app, form, body(form))
    with CaptureQueriesContext(connection) as queries:
        statuses = [send(app, form, body(form, email=f"a{number}@example.com"))[0] for number in range(3)]

    assert (statuses, len(queries), len(rings)) == ([200] * 3, 0, 4)
    subject = Subject.objects.get(type=Subject.Type.FORM, ref_id=form.pk)
    assert recorded("subject_id") == [{"subject_id": subject.pk}] * 4


def test_whoever_is_drawn_a_changed_form_is_judged_by_it():
    assert together.FRESH < posting.MIN_SECONDS


def test_a_form_is_soon_as_it_was_changed(app, form, monkeypatch):  # noqa: F811
    assert send(app, form, body(form))[0] == 200
    FormFieldFactory(form=form, key="phone", required=True)
    monkeypatch.setattr(app.edge().together, "_fresh", lambda public_id: None)

    assert send(app, form, body(form))[0] == 422
    Form.objects.update(is_active=False)
    assert send(app, form, body(form))[0] == 404


def test_the_same_press_twice_is_one_submission(app, form, recorded, nonce):  # noqa: F811
    sent = body(form, bareme_nonce=nonce(form))
    assert [send(app, form, sent)[0] for _ in range(2)] == [200, 200]

    assert len(recorded("key")) == 1


def test_a_known_form_is_taken_while_django_cannot_reach_the_database(app, form, recorded, monkeypatch):  # noqa: F811
    monkeypatch.setattr(together, "FRESH", 0)
    assert send(app, form, body(form))[0] == 200

    def fail(execute, sql, params, many, context):
        raise OperationalError("the connection is closed")

    with connection.execute_wrapper(fail):
        known = send(app, form, body(form, email="late@example.com"))[0]
        unknown = call(app, "/f/other", "POST", body(form), CONTENT_TYPE="application/json")[0]

    assert (known, unknown) == (200, 503)
    assert len(recorded("key")) == 2


def test_what_could_not_be_kept_is_never_a_success(app, form, recorded, monkeypatch):  # noqa: F811
    monkeypatch.setattr("tracking.edge.commits.BACKLOG", 0)

    status, headers, answer = send(app, form, body(form))

    assert (status, headers["Retry-After"], recorded("key")) == (503, "30", [])
    assert json.loads(answer) == {"error": "Nothing was recorded. Please try again in a moment."}
