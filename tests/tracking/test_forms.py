"""A form as visitors meet it: its page, its script, and a form that is not there."""

import gzip
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.factories import FormFieldFactory


def test_the_form_page_is_drawn_under_strict_headers(client, form):
    response = client.get(f"/f/{form.public_id}")

    policy = dict(rule.split(" ", 1) for rule in response["Content-Security-Policy"].split("; "))
    assert (policy["default-src"], policy["script-src"], policy["style-src"]) == ("'none'", "'self'", "'self'")
    assert (policy["frame-ancestors"], policy["form-action"], policy["base-uri"]) == ("*", "'self'", "'none'")
    assert "X-Frame-Options" not in response
    assert (response["X-Content-Type-Options"], response["Cache-Control"]) == ("nosniff", "no-store")
    assert ("<script>" in response.text, " style=" in response.text, " on" + "click" in response.text) == (
        False,
        False,
        False,
    )


def test_the_headings_of_a_form_on_a_page_of_its_own_begin_with_the_first_rank(post, client, form):
    form.title = "Ask for a demo"
    form.save()
    FormFieldFactory(form=form, key="about", label="About you", type="heading")
    page, frame = f"/f/{form.public_id}", f"/f/{form.public_id}?embed=1"

    def ranks(response):
        return re.findall(r"<(h\d) class", response.text)

    assert (ranks(client.get(page)), ranks(client.get(post()["Location"]))) == (["h1", "h2"], ["h1"])
    assert (ranks(client.get(frame)), ranks(client.get(post(frame)["Location"]))) == (["h2", "h3"], ["h2"])
    assert '["h2",{"class":"bareme-title"},"Ask for a demo"]' in client.get(f"{page}.js").text


@pytest.mark.parametrize("public_id", ["nothing", "%00", "..", "x" * 300, "é"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_an_unknown_form_is_a_friendly_404(client, db, public_id, method):
    assert getattr(client, method)(f"/f/{public_id}").status_code == 404


def test_a_form_switched_off_is_not_there(client, form):
    form.is_active = False
    form.save()

    assert client.get(f"/f/{form.public_id}").status_code == 404
    assert "no such form" in client.get(f"/f/{form.public_id}.js").text


def test_the_form_speaks_its_own_language_else_the_visitors(client, form):
    french = {"accept-language": "fr"}
    assert '<html lang="fr">' in client.get(f"/f/{form.public_id}", headers=french).text
    form.language = "en"
    form.save()
    response = client.get(f"/f/{form.public_id}", headers=french)
    assert ('<html lang="en">' in response.text, response["Content-Language"]) == (True, "en")
    assert '"lang":"en"' in client.get(f"/f/{form.public_id}.js", headers=french).text  # on a page in another language


def test_the_embed_script_is_small_never_cached_and_cannot_be_broken_out_of(client, form):
    form.title = "</script><img src=x onerror=alert(1)>\u2028"
    form.save()

    response = client.get(f"/f/{form.public_id}.js")

    assert (response["Content-Type"], response["Cache-Control"]) == ("text/javascript; charset=utf-8", "no-store")
    assert response["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert ("<" + "/script" in response.text, "\u2028" in response.text) == (False, False)
    assert r"\u003cimg src=x onerror=alert(1)>\u2028" in response.text


def test_the_embed_script_with_all_it_can_do_and_its_style_are_small(client, form):
    form.proof_of_work = form.leave_out_known = form.is_kiosk = True
    form.save()

    text = client.get(f"/f/{form.public_id}.js").text
    script, _, _ = text.partition("(window, document, {")

    assert len(script) < 10_000
    assert len(gzip.compress(text.encode())) < 5_500


def test_titles_labels_choices_and_answers_are_escaped(client, form, post):
    evil = '"><script>alert(1)</script>'
    FormFieldFactory(form=form, key="x", label=evil, help_text=evil, type="select", choices=[evil], default=evil)
    form.title = form.description = form.button = form.thank_you_message = evil
    form.save()

    for response in (client.get(f"/f/{form.public_id}"), post(email=evil, bareme_page="https://a.example/" + evil)):
        assert "<script>alert" not in response.text
    assert "<script>alert" not in client.get(post()["Location"]).text


def test_a_form_costs_the_same_queries_however_many_fields_it_has(client, form, nonce):
    def queries(work):
        with CaptureQueriesContext(connection) as captured:
            assert work().status_code in (200, 303)
        return len(captured)

    def send():
        return client.post(f"/f/{form.public_id}", {"bareme_nonce": nonce(form), "email": "a@b.example"})

    url = f"/f/{form.public_id}"
    send()
    few = [queries(lambda: client.get(url)), queries(lambda: client.get(f"{url}.js")), queries(send)]
    for number in range(9):
        FormFieldFactory(
            form=form, key=f"x{number}", options={"parameter": "a"}, depends_on="email", depends_how="empty"
        )

    assert [queries(lambda: client.get(url)), queries(lambda: client.get(f"{url}.js")), queries(send)] == few
