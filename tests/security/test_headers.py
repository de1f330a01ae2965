"""What every public answer says to browsers, and whose host our links name."""

import json
from itertools import chain

import pytest
from django.core import mail

from config import pipeline
from tests.factories import FormFactory, FormFieldFactory
from tests.security.fuzz import content
from tracking import double_opt_in, nonces
from tracking.models import FormField

pytestmark = pytest.mark.django_db


@pytest.fixture
def addresses(settings, tmp_path):
    """Every public address that answers to a GET, by what it answers with."""
    settings.MEDIA_ROOT = tmp_path
    settings.PUBLIC_URL = "https://bareme.example"
    made = json.loads(json.dumps(content.make()))
    pages = [
        f"/f/{made['forms'][0]}",
        "/p/with-form",
        f"/a/{made['assets'][0]}",
        made["unsubscribe"],
        made["preferences"],
    ]
    pages += [made["copy"], made["confirm"], "/t/own", "/t/hidden", "/t/nothing", f"/f/{made['forms'][0]}?embed=1"]
    return {
        "page": pages,
        "script": ["/t/bareme.js", "/t/banner.js", f"/f/{made['forms'][0]}.js"],
        "pixel": ["/t/p.gif", made["opens"][0]],
        "file": [f"/a/{made['assets'][1]}"],
        "image": [f"/p/image/{made['images'][0]}"],
        "redirect": [made["clicks"][0], f"/a/{made['assets'][2]}"],
        "JSON": ["/api/v1/events", "/healthz/live"],
    }


def test_nothing_we_answer_is_taken_for_something_else(client, addresses):
    for path in chain.from_iterable(addresses.values()):
        response = client.get(path)
        assert (path, response.headers.get("X-Content-Type-Options")) == (path, "nosniff")
        assert not {"Server", "X-Powered-By"} & set(response.headers)


def test_pages_run_nothing_of_strangers_and_are_framed_by_nobody_but_forms_made_for_it(client, addresses):
    for path in addresses["page"]:
        response = client.get(path)
        policy = dict(rule.strip().split(" ", 1) for rule in response["Content-Security-Policy"].split(";"))
        assert (path, policy["default-src"], policy["script-src"], policy["base-uri"]) == (
            path,
            "'none'",
            "'self'",
            "'none'",
        )
        assert policy["frame-ancestors"] == (
            "*" if path.startswith("/f/") and "confirm" not in path and "copy" not in path else "'self'"
        )
        assert response["Referrer-Policy"] in ("strict-origin-when-cross-origin", "same-origin", "no-referrer")
        assert ("Permissions-Policy" in response, "no-store" in response["Cache-Control"]) == (True, True)


def test_what_visitors_or_marketers_uploaded_runs_nowhere(client, addresses):
    file = client.get(addresses["file"][0])
    assert file["Content-Disposition"] == 'attachment; filename="guide.pdf"'
    assert file["Content-Security-Policy"] == "sandbox; default-src 'none'"
    image = client.get(addresses["image"][0])
    assert image["Content-Type"] == "image/png"
    assert "default-src 'none'" in image["Content-Security-Policy"]
    assert client.get("/media/page-images/x.svg").status_code == 404


def test_the_admin_is_framed_by_nobody_and_kept_by_nobody(client):
    response = client.get("/admin/login/")

    assert (response["X-Frame-Options"], response["X-Content-Type-Options"]) == ("DENY", "nosniff")
    assert response["Referrer-Policy"] == "same-origin"
    assert "no-store" in response["Cache-Control"]


def test_mails_name_the_public_address_whatever_host_was_asked(client, settings):
    settings.PUBLIC_URL, settings.ALLOWED_HOSTS = "https://bareme.example", ["*"]
    form = FormFactory(double_opt_in=True)
    FormFieldFactory(form=form, key="email", type="email", required=True, contact_field="email")
    FormFieldFactory(form=form, key="news", type=FormField.Type.CONSENT, purpose="email", label="News, please")
    values = {"bareme_token": nonces.form_token(form), "email": "ada@example.com", "news": "on"}

    client.post(f"/f/{form.public_id}", values, headers={"host": "evil.example", "x-forwarded-host": "evil.example"})
    pipeline.drain()
    double_opt_in.send_due()

    sent = mail.outbox[0].message().as_string()
    assert ("https://bareme.example/f/confirm/" in sent, "evil.example" in sent) == (True, False)


def test_a_host_that_is_not_ours_is_refused_without_a_page_of_our_code_in_the_log(client, settings, caplog):
    settings.ALLOWED_HOSTS = ["bareme.example"]

    assert client.get("/t/own", headers={"host": "evil.example"}).status_code == 400
