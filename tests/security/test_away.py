"""The database, or Valkey, is really away: every address says so in its own kind of words, and works again afterwards."""

import json
import re
from http.cookies import SimpleCookie
from urllib.parse import urlencode

import pytest

from tests.live import until
from tests.security.fuzz.__main__ import prepare
from tests.web import world

pytestmark = pytest.mark.slow
SETTINGS = {"DEBUG": "0", "ALLOWED_HOSTS": "127.0.0.1"}
NOWHERE = "redis://127.0.0.1:1/0"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
FRENCH = {"Accept-Language": "fr", "Accept": "text/html"}


@pytest.fixture(scope="module")
def place():
    with world(**SETTINGS) as made:
        made.content = prepare(made)
        made.environment |= {"DJANGO_SUPERUSER_PASSWORD": "secret"}
        made.manage("createsuperuser", "--noinput", "--username", "ada", "--email", "ada@example.com")
        made.start_web(workers=1)
        made.session = log_in(made)
        yield made


def log_in(place):
    """The cookies of somebody who may do everything."""
    asked = place.get("/admin/login/")
    token = re.search(rb'name="csrfmiddlewaretoken" value="(\w+)"', asked.body)[1].decode()
    body = urlencode({"username": "ada", "password": "secret", "csrfmiddlewaretoken": token, "next": "/admin/"})
    answer = place.get("/admin/login/", "POST", body, {**FORM, "Cookie": cookies(asked)})
    assert answer.status == 302
    return cookies(answer)


def cookies(answer):
    jar = SimpleCookie()
    for text in answer.headers.get_all("Set-Cookie") or []:
        jar.load(text)
    return "; ".join(f"{name}={morsel.value}" for name, morsel in jar.items())


def test_without_the_database_everything_says_so_and_works_again_afterwards(place):
    staff = {"Cookie": place.session}
    assert place.get("/admin/contacts/contact/", headers=staff).status == 200
    place.kill_postgres()

    for path in (
        "/admin/",
        "/admin/contacts/contact/",
        "/p/plain",
        f"/f/{place.content['forms'][0]}",
        place.content["copy"],
    ):
        english, french = place.get(path, headers=staff), place.get(path, headers={**staff, **FRENCH})
        assert (path, english.status, english.headers["Retry-After"]) == (path, 503, "30")
        assert english.headers["Content-Type"] == "text/html; charset=utf-8"
        assert "Please try again in a moment" in english.body.decode()
        assert (french.status, '<html lang="fr"' in french.body.decode()) == (503, True)
        assert "Content-Security-Policy" in english.headers

    post = place.get("/admin/login/", "POST", "username=ada&password=secret", FORM)
    assert post.status in (403, 503)  # without a token of the form it is refused before anything is looked up
    for path in ("/api/v1/events", "/api/v1/contacts", "/api/v1/consents", "/api/v1/sms/inbound"):
        headers = {"Authorization": f"Bearer {place.content['secret']}", "Content-Type": "application/json"}
        answer = place.get(path, "POST", "{}", headers)
        assert (path, answer.status, answer.headers["Retry-After"]) == (path, 503, "30")
        assert json.loads(answer.body)["error"].startswith("Nothing was recorded.")
    ready = place.get("/healthz/ready")
    assert (ready.status, json.loads(ready.body)["database"]) == (503, "away")
    assert [place.get(path).status for path in ("/healthz/live", "/t/p.gif", "/t/bareme.js")] == [200] * 3
    script = place.get(f"/f/{place.content['forms'][0]}.js")
    assert (script.status, script.headers["Content-Type"]) == (503, "text/javascript; charset=utf-8")

    place.start_postgres()
    until(lambda: place.get("/admin/contacts/contact/", headers=staff).status == 200)
    assert place.get("/p/plain").status == 200


def test_without_valkey_pages_forms_and_the_admin_work_and_health_tells(place):
    place.stop_web()
    place.start_web(workers=1, REDIS_URL=NOWHERE)
    staff, form = {"Cookie": place.session}, place.content["forms"][0]
    body = urlencode({"email": "a@example.com", "bareme_token": place.content["tokens"][form]})

    assert [place.get(path, headers=staff).status for path in ("/admin/", "/admin/contacts/contact/")] == [200, 200]
    assert [place.get(path).status for path in ("/p/plain", f"/f/{form}", "/t/p.gif")] == [200] * 3
    assert place.get(f"/f/{form}", "POST", body, FORM).status == 303
    ready = place.get("/healthz/ready")
    assert (ready.status, json.loads(ready.body)["valkey"], json.loads(ready.body)["database"]) == (503, "away", "ok")
