"""Forms and what comes with them in the admin: settings that fit their type, conditions, copies, the archive, files, spam."""

import csv
import io
import json

import pytest
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.factories import FormFactory, FormFieldFactory, UserFactory
from tests.tracking.conftest import PNG
from tests.tracking.test_admin import add_form
from tracking.models import Form, FormSubmission, HeldSubmission, Hit, Upload


def test_a_field_keeps_only_the_settings_of_its_type(marketer):
    response = add_form(
        marketer,
        {"label": "Us", "type": "heading", "required": "on", "contact_field": "email", "choices": "a", "default": "x"},
        {"label": "How well?", "type": "scale", "minimum": "0", "maximum": "10", "megabytes": "3"},
        {"label": "Plan", "type": "file", "kinds": ["pdf", "image"], "megabytes": "2.5"},
        {"label": "From", "type": "hidden", "parameter": "utm_source", "required": "on"},
    )

    assert response.status_code == 302
    rows = Form.objects.get().fields.values_list("type", "required", "contact_field", "choices", "default", "options")
    assert list(rows) == [
        ("heading", False, "", [], "", {}),
        ("scale", False, "", [], "", {"minimum": "0", "maximum": "10"}),
        ("file", False, "", [], "", {"megabytes": "2.5", "kinds": ["pdf", "image"]}),
        ("hidden", False, "", [], "", {"parameter": "utm_source"}),
    ]


YES_NO = {"label": "Customer", "key": "customer", "type": "radio", "choices": "Yes\nNo"}


def test_a_field_depends_on_one_before_it(marketer):
    depending = {"label": "Since", "depends_on": "customer", "depends_how": "is", "depends_values": "Yes"}
    response = add_form(marketer, YES_NO, depending)

    assert response.status_code == 302
    assert Form.objects.get().fields.get(key="since").depends_values == ["Yes"]


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        (
            [{"label": "Since", "depends_on": "customer", "depends_how": "filled"}, YES_NO],
            "The question it depends on must stand before it.",
        ),
        ([YES_NO, {"label": "Since", "depends_on": "customer", "depends_how": "is"}], "Say which answers."),
        ([{"label": "X", "depends_on": "nothing", "depends_how": "filled"}], "must stand before it."),
        ([{"label": "X", "type": "scale", "minimum": "5", "maximum": "5"}], "A scale has two to eleven steps"),
        ([{"label": "X", "type": "scale", "maximum": "50"}], "A scale has two to eleven steps"),
        ([{"label": "X", "type": "number", "minimum": "5", "maximum": "4"}], "must not be less than the smallest"),
        ([{"label": "X", "type": "number", "maximum": "4", "default": "5"}], "The default is not a possible answer"),
        ([{"label": "X", "type": "file", "megabytes": "900"}], "less than or equal to 25"),
        ([{"label": "X", "type": "hidden", "parameter": "a&b"}], "Enter a valid"),
    ],
)
def test_what_cannot_work_is_refused_at_its_setting(marketer, rows, sentence):
    response = add_form(marketer, *rows)

    assert (response.status_code, sentence in response.text) == (200, True)
    assert not Form.objects.exists()


def test_the_preview_draws_what_is_on_the_page_however_unfinished(marketer):
    url = "/admin/tracking/form/preview/"
    posted = {
        "title": "<b>Ask</b>",
        "fields-TOTAL_FORMS": "4",
        "fields-0-label": "Second",
        "fields-0-position": "1",
        "fields-1-label": "First",
        "fields-1-position": "0",
        "fields-1-type": "scale",
        "fields-1-maximum": "99999",
        "fields-2-label": "Gone",
        "fields-2-DELETE": "on",
    }

    text = marketer.post(url, posted).text

    assert ("&lt;b&gt;Ask&lt;/b&gt;" in text, "<b>Ask" in text, "Gone" in text) == (True, False, False)
    assert text.index("First") < text.index("Second")
    assert marketer.get(url).status_code == 405
    for total in ("", "x", "9" * 5000, "-1", "٣"):
        assert marketer.post(url, {"fields-TOTAL_FORMS": total}).status_code == 200


def test_a_copy_has_all_fields_and_is_switched_off(marketer):
    form = FormFactory(name="Demo", thank_you="redirect", redirect_url="https://a.example/")
    FormFieldFactory(form=form, key="size", type="select", choices=["1", "2"])
    form.notify_users.add(colleague := UserFactory())

    response = marketer.post(f"/admin/tracking/form/{form.pk}/copy/", follow=True)

    made = Form.objects.exclude(pk=form.pk).get()
    assert response.redirect_chain[-1][0] == f"/admin/tracking/form/{made.pk}/change/"
    assert (made.name, made.is_active, made.redirect_url) == ("Demo (copy)", False, "https://a.example/")
    assert (made.public_id != form.public_id, list(made.notify_users.all())) == (True, [colleague])
    assert list(made.fields.values_list("key", "choices")) == [("size", ["1", "2"])]
    assert form.fields.count() == 1


def test_an_archived_form_is_gone_for_visitors_and_comes_back(marketer):
    form = FormFactory()
    marketer.post("/admin/tracking/form/", {"action": "archive", "_selected_action": [form.pk]})
    assert marketer.get(f"/f/{form.public_id}").status_code == 404
    marketer.post("/admin/tracking/form/?archived=yes", {"action": "restore", "_selected_action": [form.pk]})
    assert marketer.get(f"/f/{form.public_id}").status_code == 200


def submission(form, number=0, **answers):
    key = f"00000000-0000-0000-0000-{number:012}"
    return FormSubmission.objects.create(form=form, key=key, answers=answers, at="2026-05-01T09:30:00Z")


def test_submissions_are_exported_as_filtered_and_run_nothing_in_a_spreadsheet(marketer):
    form, other = FormFactory(name="=Demo"), FormFactory()
    FormFieldFactory(form=form, key="size")
    submission(form, 1, size="=1+1", old="x")
    submission(form, 2, size=["a", "b"], old=True)
    submission(other, 3, secret="no")

    response = marketer.get(f"/admin/tracking/formsubmission/export.csv?form__id__exact={form.pk}")

    rows = list(csv.reader(io.StringIO(response.getvalue().decode("utf-8-sig"))))
    assert rows[0] == ["when", "form", "contact", "page", "size", "old"]
    assert sorted(row[1:] for row in rows[1:]) == [["'=Demo", "", "", "'=1+1", "x"], ["'=Demo", "", "", "a, b", "yes"]]
    assert "attachment" in response["Content-Disposition"]
    assert marketer.get("/admin/tracking/formsubmission/export.csv?form__id__exact=x").status_code in (302, 400)


def sent_with_file(client, form, nonce):
    FormFieldFactory(form=form, key="photo", type="file")
    file = SimpleUploadedFile("evil.svg", PNG)
    client.post(f"/f/{form.public_id}", {"bareme_nonce": nonce(form), "email": "a@example.com", "photo": file})
    return Upload.objects.get()


def test_a_file_is_handed_out_as_a_download_to_who_may_read_submissions(client, form, nonce):
    upload = sent_with_file(client, form, nonce)
    url = f"/admin/tracking/formsubmission/upload/{upload.pk}/"

    assert client.get(url).status_code == 302  # to the login
    client.force_login(UserFactory())
    assert client.get(url).status_code == 403
    reader = UserFactory()
    reader.user_permissions.add(Permission.objects.get(codename="view_formsubmission"))
    client.force_login(reader)
    response = client.get(url)

    assert (response.getvalue(), response["Content-Type"]) == (PNG, "application/octet-stream")
    assert response["Content-Disposition"] == 'attachment; filename="evil.png"'
    assert (response["X-Content-Type-Options"], "sandbox" in response["Content-Security-Policy"]) == ("nosniff", True)
    upload.file.delete(save=False)
    assert client.get(url).status_code == 404


def test_a_submission_shows_its_file(marketer, form, nonce):
    upload = sent_with_file(marketer, form, nonce)
    row = FormSubmission.objects.create(
        form=form, key=upload.submission_key, answers={"photo": "evil.png"}, at="2026-05-01T09:30:00Z"
    )

    text = marketer.get(f"/admin/tracking/formsubmission/{row.pk}/change/").text

    assert f'<a href="/admin/tracking/formsubmission/upload/{upload.pk}/" class="bareme-more">evil.png</a> (28' in text


@pytest.fixture
def spam(client, form, nonce):
    client.post(f"/f/{form.public_id}", {"bareme_nonce": nonce(form), "email": "a@example.com", "bareme_fax": "1"})
    return HeldSubmission.objects.get()


def test_what_is_held_says_why_and_is_let_in_with_one_click(marketer, spam, monkeypatch):
    monkeypatch.setattr("tracking.admin.submissions.ring", lambda: None)
    listed = marketer.get("/admin/tracking/heldsubmission/").text
    shown = marketer.get(f"/admin/tracking/heldsubmission/{spam.pk}/change/").text
    assert ("filled in a field no person sees" in listed, "a@example.com" in listed, "a@example.com" in shown) == (
        True,
        True,
        True,
    )

    marketer.post("/admin/tracking/heldsubmission/accept/", {"held": spam.pk})

    (hit,) = Hit.objects.all()
    assert (hit.key, hit.at, hit.data["answers"]) == (spam.key, spam.at, {"email": "a@example.com"})
    assert not HeldSubmission.objects.exists()


def test_looking_at_spam_is_not_permission_to_let_it_in(client, spam):
    reader = UserFactory()
    reader.user_permissions.add(Permission.objects.get(codename="view_heldsubmission"))
    client.force_login(reader)

    assert client.get("/admin/tracking/heldsubmission/").status_code == 200
    assert client.post("/admin/tracking/heldsubmission/accept/", {"held": spam.pk}).status_code == 403
    client.post("/admin/tracking/heldsubmission/", {"action": "discard", "_selected_action": [spam.pk]})
    assert HeldSubmission.objects.count() == 1


def test_spam_is_discarded_with_its_files(marketer, form, nonce, upload_root, django_capture_on_commit_callbacks):
    FormFieldFactory(form=form, key="photo", type="file")
    values = {"bareme_nonce": nonce(form), "email": "a@example.com", "bareme_fax": "1"}
    marketer.post(f"/f/{form.public_id}", values | {"photo": SimpleUploadedFile("a.png", PNG)})
    row = HeldSubmission.objects.get()

    with django_capture_on_commit_callbacks(execute=True):
        marketer.post("/admin/tracking/heldsubmission/", {"action": "discard", "_selected_action": [row.pk]})

    assert (HeldSubmission.objects.count(), Upload.objects.count(), Hit.objects.count()) == (0, 0, 0)
    assert [path for path in upload_root.rglob("*") if path.is_file()] == []


def test_who_may_only_look_sees_the_fields_as_rows(client, db):
    form = FormFactory()
    FormFieldFactory(form=form, key="size", label="How large?")
    reader = UserFactory()
    for codename in ("view_form", "view_formfield"):
        reader.user_permissions.add(Permission.objects.get(codename=codename))
    client.force_login(reader)

    text = client.get(f"/admin/tracking/form/{form.pk}/change/").text

    assert ("How large?" in text, "data-builder" in text) == (True, False)


def test_the_script_of_the_builder_gets_its_words_as_json_whatever_is_in_them(marketer, monkeypatch):
    monkeypatch.setattr("tracking.admin.palette.words", lambda: {"up": "l'</script>\"'"})

    text = marketer.get("/admin/tracking/form/add/").text

    words = text.partition('<script id="fb-words" type="application/json">')[2].partition("</script>")[0]
    assert json.loads(words) == {"up": "l'</script>\"'"}


CONSENT = {"label": "News?", "type": "consent", "purpose": "email"}
EMAIL = {"label": "Email", "type": "email", "contact_field": "email"}


@pytest.mark.parametrize(("rows", "is_saved"), [([EMAIL, CONSENT], True), ([EMAIL], False), ([CONSENT], False)])
def test_a_confirmation_by_email_needs_an_email_and_something_to_confirm(marketer, rows, is_saved):
    response = add_form(marketer, *rows, double_opt_in="on", confirm_within_days="3")

    assert Form.objects.filter(double_opt_in=True, confirm_within_days=3).exists() is is_saved
    assert ("it must ask for the email and for a consent" in response.text) is not is_saved
