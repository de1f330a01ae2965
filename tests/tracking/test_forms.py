import gzip
import json
import re
from uuid import UUID

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.factories import AssetFactory, FormFactory, FormFieldFactory
from tracking import nonces
from tracking.models import FormField, HeldSubmission, Kind, Subject

VISITOR = "1f0e1a52-7a8e-4f4c-9d5a-0d7d6b1f2a3c"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)
JSON = {"accept": "application/json"}


@pytest.fixture
def post(client, form, nonce):
    def post(_path=None, _headers=None, **values):
        values = {"bareme_nonce": nonce(form), "email": "ada@example.com", **values}
        values = {name: value for name, value in values.items() if value is not None}
        return client.post(_path or f"/f/{form.public_id}", values, headers=_headers)

    return post


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


def test_a_post_becomes_one_hit_and_leads_to_the_thanks(post, client, recorded, form, rings):
    client.cookies["bareme_browser"] = VISITOR

    response = post(bareme_page="https://shop.example/demo")
    thanks = client.get(response["Location"])

    subject = Subject.objects.get(type="form", ref_id=form.pk)
    assert recorded("kind", "subject_id", "visitor_id", "url", "data") == [
        {
            "kind": Kind.FORM_SUBMITTED,
            "subject_id": subject.pk,
            "visitor_id": UUID(VISITOR),
            "url": "https://shop.example/demo",
            "data": {"form": form.pk, "answers": {"email": "ada@example.com"}},
        }
    ]
    assert (response.status_code, subject.name, rings) == (303, "Demo request", ["ring"])
    assert "Thank you!" in thanks.text
    assert "<form" not in thanks.text


def test_the_same_press_twice_counts_once_and_a_corrected_form_counts_again(client, form, nonce, recorded):
    drawn = nonce(form)
    for email in ("ada@example.com", "ada@example.com", "ada@example.org"):
        client.post(f"/f/{form.public_id}", {"bareme_nonce": drawn, "email": email})

    assert [hit["data"]["answers"]["email"] for hit in recorded("data")] == ["ada@example.com", "ada@example.org"]


def test_all_types_of_answers_arrive_as_json_can_hold_them(client, recorded, nonce):
    form = FormFactory()
    for type_ in FormField.Type.values:
        FormFieldFactory(form=form, key=type_, type=type_, choices=["Red", "Green", "Blue"])
    photo = SimpleUploadedFile("C:\\photos\\me.html", PNG, "text/html")
    sent = {
        "text": " Ada ",
        "textarea": "a\r\nb",
        "email": "ada@example.com",
        "phone": "+33 6 12 34 56 78",
        "number": "12.50",
        "url": "example.com/x",
        "date": "2026-05-01",
        "time": "09:30:00",
        "select": "Red",
        "radio": "Green",
        "checkboxes": ["Red", "Blue"],
        "checkbox": "on",
        "country": "FR",
        "scale": "4",
        "file": photo,
        "hidden": "campaign-7",
        "consent": "on",
    }

    response = client.post(f"/f/{form.public_id}", {"bareme_nonce": nonce(form), **sent})

    assert response.status_code == 303
    assert recorded("data")[0]["data"]["answers"] == {
        "text": "Ada",
        "textarea": "a\r\nb",
        "email": "ada@example.com",
        "phone": "+33612345678",
        "number": "12.50",
        "url": "https://example.com/x",
        "date": "2026-05-01",
        "time": "09:30",
        "select": "Red",
        "radio": "Green",
        "checkboxes": ["Red", "Blue"],
        "checkbox": True,
        "country": "FR",
        "scale": "4",
        "file": "me.png",
        "hidden": "campaign-7",
        "consent": True,
    }


def test_what_is_not_filled_in_is_empty_not_absent(client, recorded, nonce):
    form = FormFactory()
    for type_ in ("text", "number", "date", "time", "checkboxes", "checkbox", "country", "scale", "file"):
        FormFieldFactory(form=form, key=type_, type=type_, choices=["Red"])

    client.post(f"/f/{form.public_id}", {"bareme_nonce": nonce(form)})

    empty = dict.fromkeys(("text", "number", "date", "time", "country", "scale", "file"), "")
    assert recorded("data")[0]["data"]["answers"] == empty | {"checkboxes": [], "checkbox": False}


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        ("text", "x" * 501),
        ("text", "a\x00b"),
        ("email", "nobody"),
        ("email", "a@example.com\r\nBcc: b@example.com"),
        ("phone", "call me"),
        ("number", "NaN"),
        ("number", "1e999"),
        ("number", "1" * 40),
        ("url", "javascript:alert(1)"),
        ("date", "2026-02-30"),
        ("date", "9" * 30),
        ("select", "Purple"),
        ("radio", "Purple"),
        ("checkboxes", ["Red", "Purple"]),
        ("country", "XX"),
        ("time", "25:00"),
        ("scale", "6"),
        ("scale", "0"),
    ],
)
def test_a_wrong_answer_is_an_error_at_its_field_and_nothing_is_recorded(client, recorded, nonce, type_, value):
    form = FormFactory()
    FormFieldFactory(form=form, key="field", type=type_, choices=["Red"])

    response = client.post(f"/f/{form.public_id}", {"bareme_nonce": nonce(form), "field": value})

    assert response.status_code == 422
    assert f'id="bareme-{form.public_id}-field_error"' in response.text
    assert 'aria-invalid="true"' in response.text
    assert recorded("id") == []


def test_an_error_is_tied_to_its_field_and_the_reader_is_taken_there(post, form):
    text = post(email="").text

    described = f'aria-describedby="bareme-{form.public_id}-email_error"'
    assert ("This field is required." in text, described in text, "autofocus" in text) == (True, True, True)


def test_a_required_consent_must_be_given_and_is_noted_with_its_text(post, form, recorded):
    FormFieldFactory(
        form=form, key="news", type="consent", purpose="profiling", label="You may profile me.", required=True
    )

    assert post().status_code == 422
    assert post(news="on").status_code == 303
    assert [hit["data"]["consents"] for hit in recorded("data")] == [{"profiling": "You may profile me."}]


def test_an_optional_consent_not_given_is_not_noted(post, form, recorded):
    FormFieldFactory(form=form, key="news", type="consent", purpose="profiling")

    post()

    assert "consents" not in recorded("data")[0]["data"]


def test_agreeing_to_web_tracking_is_what_sets_the_cookie(post, form, recorded, settings):
    settings.CONSENT_REQUIRED = ["web_tracking"]
    FormFieldFactory(form=form, key="follow", type="consent", purpose="web_tracking")

    assert post().cookies.keys() == set()
    cookie = post(follow="on").cookies["bareme_browser"]
    assert recorded("visitor_id")[1] == {"visitor_id": UUID(cookie.value)}


@pytest.mark.parametrize("token", [None, "", "x", "A" * 64])
def test_a_forged_post_is_refused_with_the_form_as_it_was(post, recorded, token):
    response = post(bareme_nonce=token)

    assert response.status_code == 422
    assert "Please press the button once more." in response.text
    assert 'value="ada@example.com"' in response.text
    assert recorded("id") == []


def test_a_nonce_of_another_form_is_refused(post, recorded, nonce):
    assert post(bareme_nonce=nonce(FormFactory())).status_code == 422
    assert recorded("id") == []


@pytest.mark.parametrize(("seconds", "sentence"), [(0, "very quick"), (90_000, "open for very long")])
def test_too_quick_or_too_late_asks_for_another_press(post, recorded, form, nonce, seconds, sentence):
    response = post(bareme_nonce=nonce(form, seconds), _headers=JSON)

    answer = response.json()
    assert (response.status_code, sentence in answer["error"], answer["errors"]) == (422, True, {})
    assert nonces.age(form, answer["nonce"]) < 5
    assert recorded("id") == []


def test_a_robot_in_the_honeypot_is_thanked_and_kept_aside(post, recorded):
    assert post(bareme_fax="+33").status_code == 303
    assert post(bareme_fax="+33", email="nobody").status_code == 303
    assert recorded("id") == []
    assert list(HeldSubmission.objects.values_list("reasons", flat=True)) == [["honeypot"]]


def test_plain_html_posts_with_the_forms_own_token_and_counts_once_a_minute(post, form, recorded, time_machine):
    time_machine.move_to("2026-05-01T09:30:10Z", tick=False)
    values = {"bareme_nonce": None, "bareme_token": nonces.form_token(form)}

    for _ in range(2):
        assert post(**values, _headers={"referer": "https://shop.example/contact"}).status_code == 303
    time_machine.shift(60)
    post(**values)

    assert [hit["url"] for hit in recorded("url")] == [
        "https://shop.example/contact",
        f"http://testserver/f/{form.public_id}",
    ]


def test_plain_html_refuses_the_token_of_another_form(post, recorded):
    assert post(bareme_nonce=None, bareme_token=nonces.form_token(FormFactory())).status_code == 422
    assert recorded("id") == []


def test_a_visitor_named_by_the_site_script_is_believed(post, recorded):
    post(bareme_visitor=VISITOR)
    post(bareme_visitor="nonsense", email="b@example.com")

    first, second = recorded("visitor_id")
    assert first == {"visitor_id": UUID(VISITOR)}
    assert second["visitor_id"] not in (None, UUID(VISITOR))


def test_json_is_answered_with_json(post, client, form, nonce, recorded):
    response = post(_headers=JSON)
    body = {"bareme_nonce": nonce(form), "email": "bob@example.com"}
    second = client.post(f"/f/{form.public_id}", json.dumps(body), content_type="application/json")

    assert (response.status_code, second.status_code, response["Access-Control-Allow-Origin"]) == (200, 200, "*")
    assert response.json() == {
        "title": "Thank you!",
        "message": "We have received your answers.",
        "confirm": "",
        "redirect_url": "",
        "redirect_name": "",
        "download_url": "",
        "download_name": "",
        "agreed": [],
    }
    assert len(recorded("id")) == 2


def test_json_errors_are_named_by_field(post):
    response = post(_headers=JSON, email="nobody")

    assert response.status_code == 422
    assert response.json() == {"error": "", "errors": {"email": ["Enter a valid email address."]}}


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"{", "application/json", 400),
        (b"[]", "application/json", 422),
        (b'{"email": {"a": 1}}', "application/json", 422),
        (b'{"email": [[1]]}', "application/json", 422),
        (b'{"email": "\\u0000"}', "application/json", 422),
        (b"email=%ff%fe", "application/x-www-form-urlencoded", 422),
        (b"x", "application/xml", 415),
        (b"x", "multipart/form-data", 400),
        (b"x", "multipart/form-data; boundary=a", 422),
        (b"&".join(b"a%d=1" % n for n in range(2000)), "application/x-www-form-urlencoded", 400),
        (b"a" * 256_001, "application/x-www-form-urlencoded", 413),
        (b"a" * 10_000_000, "multipart/form-data; boundary=a", 413),
    ],
)
@pytest.mark.parametrize("accept", ["application/json", "text/html"])
def test_malformed_posts_are_refused(client, form, recorded, body, content_type, status, accept):
    response = client.post(f"/f/{form.public_id}", body, content_type=content_type, headers={"accept": accept})

    assert response.status_code == status
    assert recorded("id") == []


@pytest.mark.parametrize("public_id", ["nothing", "%00", "..", "x" * 300, "é"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_an_unknown_form_is_a_friendly_404(client, db, public_id, method):
    assert getattr(client, method)(f"/f/{public_id}").status_code == 404


def test_a_form_switched_off_is_not_there(client, form):
    form.is_active = False
    form.save()

    assert client.get(f"/f/{form.public_id}").status_code == 404
    assert "no such form" in client.get(f"/f/{form.public_id}.js").text


def test_a_form_leads_the_visitor_on_by_no_redirect_that_a_policy_could_hold(post, client, form):
    form.thank_you, form.redirect_url = "redirect", "https://shop.example/thanks?x=1"
    form.save()

    response = post()

    assert (response.status_code, response["Refresh"]) == (200, "0; url=https://shop.example/thanks?x=1")
    assert 'href="https://shop.example/thanks?x=1"' in response.text
    assert "form-action 'self';" in client.get(f"/f/{form.public_id}")["Content-Security-Policy"]


def test_in_a_frame_the_redirect_is_left_to_the_page_around(post, client, form):
    form.thank_you, form.redirect_url = "redirect", "https://shop.example/thanks"
    form.save()

    response = post(f"/f/{form.public_id}?embed=1")
    thanks = client.get(response["Location"]).text

    assert response["Location"].startswith(f"/f/{form.public_id}?sent=")
    assert 'href="https://shop.example/thanks" target="_top" data-bareme-redirect' in thanks


def test_thanks_with_an_asset_carry_a_grant_for_it(post, client, form, recorded):
    asset = AssetFactory(gate=form)
    form.thank_you, form.asset = "asset", asset
    form.save()

    download_url = post(_headers=JSON).json()["download_url"]
    response = client.get(download_url)

    assert (response.status_code, response["Location"]) == (302, asset.url)
    submitted, downloaded = recorded("kind", "visitor_id")
    assert (submitted["kind"], downloaded["kind"]) == (Kind.FORM_SUBMITTED, Kind.ASSET_DOWNLOADED)
    assert submitted["visitor_id"] == downloaded["visitor_id"]


MAILBOX = "Please look into your mailbox"


@pytest.fixture
def confirmed(form):
    """The form asks for a confirmation by mail."""
    FormFieldFactory(form=form, key="news", type="consent", purpose="email", label="Write to me")
    form.double_opt_in = True
    form.save()
    return form


def test_who_has_to_confirm_is_told_where_and_nobody_else(post, client, confirmed):
    told, not_told = (client.get(post(**values)["Location"]).text for values in ({"news": "on"}, {}))

    assert (MAILBOX in told, "We have received" in told) == (True, False)
    assert (MAILBOX in not_told, "We have received" in not_told) == (False, True)


def test_what_they_are_told_can_be_said_in_other_words_beside_the_message(post, client, confirmed):
    confirmed.thank_you_message, confirmed.confirm_message = "You are great.", "Look for our mail\nalso among spam."
    confirmed.save()

    text = client.get(post(news="on")["Location"]).text

    assert ("You are great." in text, "Look for our mail<br>also among spam." in text, MAILBOX in text) == (
        True,
        True,
        False,
    )


@pytest.mark.parametrize("embed", ["", "?embed=1"])
def test_a_redirect_waits_until_they_have_read_it(post, client, confirmed, embed):
    confirmed.thank_you, confirmed.redirect_url = "redirect", "https://shop.example/thanks"
    confirmed.save()

    assert ("Refresh" in post(f"/f/{confirmed.public_id}{embed}")) is (not embed)
    text = client.get(post(f"/f/{confirmed.public_id}{embed}", news="on")["Location"]).text
    answer = post(news="on", _headers=JSON).json()

    assert (MAILBOX in text, 'href="https://shop.example/thanks" target="_top">Continue' in text) == (True, True)
    assert "data-bareme-redirect" not in text
    assert (answer["confirm"].startswith(MAILBOX), answer["redirect_name"]) == (True, "Continue")


def test_a_download_says_it_too_also_behind_its_own_gate(post, client, confirmed):
    asset = AssetFactory(gate=confirmed)
    confirmed.thank_you, confirmed.asset = "asset", asset
    confirmed.save()

    assert MAILBOX in client.get(post(news="on")["Location"]).text
    assert MAILBOX in client.get(post(f"/a/{asset.public_id}", news="on")["Location"]).text
    assert MAILBOX not in client.get(post(f"/a/{asset.public_id}")["Location"]).text


@pytest.mark.parametrize("sent", ["x", "", "%00", "é" * 300])
def test_thanks_cannot_be_forged(client, form, sent):
    assert "<form" in client.get(f"/f/{form.public_id}?sent={sent}").text


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
