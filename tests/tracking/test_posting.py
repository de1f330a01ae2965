"""A form is posted: what is valid becomes one hit; what is wrong, forged or malformed is refused in its own words."""

import json
from uuid import UUID

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.factories import FormFactory, FormFieldFactory
from tests.tracking.conftest import JSON, PNG
from tracking import nonces
from tracking.models import FormField, HeldSubmission, Kind, Subject

VISITOR = "1f0e1a52-7a8e-4f4c-9d5a-0d7d6b1f2a3c"


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
