import re

import pytest
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.factories import (
    AssetFactory,
    ContactFactory,
    CustomFieldFactory,
    FormFactory,
    FormFieldFactory,
    LandingPageFactory,
    UserFactory,
)
from tracking import apikeys, hits
from tracking.hits import NewHit
from tracking.models import ApiKey, Asset, Form, FormSubmission, Hit, Kind, LandingPage

EMPTY = {"fields-TOTAL_FORMS": "0", "fields-INITIAL_FORMS": "0"}


def formset(*rows):
    data = {"fields-TOTAL_FORMS": str(len(rows)), "fields-INITIAL_FORMS": "0"}
    for number, row in enumerate(rows):
        row = {"type": "text", "position": str(number), **row}
        data |= {f"fields-{number}-{name}": value for name, value in row.items()}
    return data


def others(page):
    """The management forms of inlines that other apps bring."""
    names = re.findall(r'name="([\w-]+-(?:TOTAL|INITIAL)_FORMS)"', page.text)
    return {name: "0" for name in names if not name.startswith("fields-")}


def add_form(client, *rows, **values):
    url = "/admin/tracking/form/add/"
    data = {"name": "Contact", "is_active": "on", "thank_you": "message", **values, **formset(*rows)}
    return client.post(url, others(client.get(url)) | data)


def test_a_marketer_makes_a_form(marketer):
    CustomFieldFactory(key="plan", label="Plan")

    response = add_form(
        marketer,
        {"label": "Your email", "type": "email", "required": "on", "contact_field": "email"},
        {
            "label": "Plan",
            "type": "select",
            "choices": " Free \n\nPro\nPro\n",
            "contact_field": "plan",
            "default": "Pro",
        },
        {"label": "Plan", "type": "text"},
    )

    assert response.status_code == 302
    rows = Form.objects.get().fields.values_list("key", "type", "required", "choices", "contact_field")
    assert list(rows) == [
        ("your_email", "email", True, [], "email"),
        ("plan", "select", False, ["Free", "Pro"], "plan"),
        ("plan_2", "text", False, [], ""),
    ]


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ({"label": "Plan", "type": "select"}, "A field to choose from needs at least one choice."),
        ({"label": "Plan", "type": "radio", "choices": " \n "}, "A field to choose from needs at least one choice."),
        ({"label": "Agree", "type": "consent"}, "Say what the visitor agrees to."),
        ({"label": "Plan", "type": "select", "choices": "a", "default": "b"}, "The default is not a possible answer"),
        ({"label": "Day", "type": "date", "default": "soon"}, "The default is not a possible answer"),
        ({"label": "X", "key": "bareme_nonce"}, "A key must not begin with “bareme_”."),
        ({"label": "X", "contact_field": "score"}, "Select a valid choice."),
    ],
)
def test_a_field_that_cannot_work_is_refused(marketer, row, sentence):
    response = add_form(marketer, row)

    assert (response.status_code, sentence in response.text) == (200, True)
    assert not Form.objects.exists()


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"thank_you": "redirect"}, "Say which page to go to."),
        ({"thank_you": "redirect", "redirect_url": "javascript:alert(1)"}, "Enter a valid URL."),
        ({"thank_you": "asset"}, "Say what to offer."),
    ],
)
def test_what_happens_after_sending_must_be_complete(marketer, values, sentence):
    assert sentence in add_form(marketer, **values).text
    assert not Form.objects.exists()


def test_the_form_page_offers_snippets_to_copy(marketer):
    form = FormFactory(title="Ask <us>")
    FormFieldFactory(form=form, key="email", type="email", required=True)

    text = marketer.get(f"/admin/tracking/form/{form.pk}/change/").text

    assert re.findall(r'data-snippet="(\w+)"', text) == ["script", "iframe", "html", "link", "kiosk"]
    assert f"&lt;script src=&quot;http://localhost:8000/f/{form.public_id}.js&quot;&gt;&lt;/script&gt;" in text
    assert f"http://localhost:8000/f/{form.public_id}?embed=1" in text
    assert "name=&quot;bareme_token&quot;" in text
    assert "Ask <us>" not in text


def test_submissions_are_listed_and_shown_in_words(marketer, django_assert_max_num_queries):
    form = FormFactory(name="Demo")
    FormFieldFactory(form=form, key="size", label="How large?")
    for number in range(3):
        FormSubmission.objects.create(
            form=form,
            key=f"00000000-0000-0000-0000-00000000000{number}",
            answers={"size": ["a", "<b>"], "news": True},
            at="2026-05-01T09:30:00Z",
        )

    listed = marketer.get(f"/admin/tracking/formsubmission/?form__id__exact={form.pk}")
    shown = marketer.get(f"/admin/tracking/formsubmission/{FormSubmission.objects.first().pk}/change/").text

    asked = '<div><span class="bareme-asked">How large?</span> a, &lt;b&gt;</div>'
    assert listed.text.count(f'{asked}<div><span class="bareme-asked">news</span>: yes</div>') == 3
    assert ("<dt>How large?</dt><dd>a, &lt;b&gt;</dd>" in shown, "<dt>news</dt><dd>yes</dd>" in shown) == (True, True)


def test_the_list_has_the_first_answers_and_says_how_many_more_there_are(marketer, django_assert_num_queries):
    def submit(number, answers):
        form = FormFactory()
        for place in range(6):
            FormFieldFactory(form=form, key=f"q{place}", label=f"Question {place}", position=place)
        key = f"00000000-0000-0000-0000-00000000000{number}"
        FormSubmission.objects.create(form=form, key=key, answers=answers, at="2026-05-01T09:30:00Z")

    submit(1, {"q5": "x" * 90, "q4": "four", "q3": "", "q2": "two", "q1": "one", "q0": 0, "news": False})
    with CaptureQueriesContext(connection) as first:
        text = marketer.get("/admin/tracking/formsubmission/").text
    submit(2, {"q1": "one"})
    submit(3, {})

    assert re.findall(r'asked">(.*?)</span>: (.*?)</div>', text) == [
        ("Question 0", "0"), ("Question 1", "one"), ("Question 2", "two"), ("Question 4", "four"),
    ]  # fmt: skip
    assert "and 1 more" in text
    with django_assert_num_queries(len(first)):
        marketer.get("/admin/tracking/formsubmission/")


def test_the_list_does_not_repeat_who_it_was(marketer):
    form = FormFactory()
    for place, (key, goes_to) in enumerate({"email": "email", "size": "", "first": "first_name"}.items()):
        FormFieldFactory(form=form, key=key, label=f"Your {key}", contact_field=goes_to, position=place)
    FormFieldFactory(form=form, key="ok", label="You may", type="consent", position=9)
    for number, contact in enumerate((ContactFactory(), None)):
        FormSubmission.objects.create(
            form=form,
            contact=contact,
            key=f"00000000-0000-0000-0000-00000000000{number}",
            answers={"email": "ada@example.com", "size": "12", "first": "Ada", "ok": True},
            at=f"2026-05-0{9 - number}T09:30:00Z",
        )

    text = marketer.get("/admin/tracking/formsubmission/").text

    asked = re.findall(r'asked">(.*?)</span>: (.*?)</div>', text)
    ada = [("Your email", "ada@example.com"), ("Your size", "12"), ("Your first", "Ada"), ("You may", "yes")]
    assert (asked, text.count("and 3 more")) == ([("Your size", "12"), *ada], 1)


def test_a_landing_page_links_to_its_preview_and_its_address(marketer):
    page = LandingPageFactory(slug="offer")

    url = f"/admin/tracking/landingpage/{page.pk}"
    preview, visit = (marketer.get(f"{url}/{action}/") for action in ("preview", "visit"))

    assert preview["Location"] == "/p/offer?preview=1"
    assert visit["Location"] == "http://localhost:8000/p/offer"
    assert "http://localhost:8000/p/offer" in marketer.get("/admin/tracking/landingpage/").text


def test_a_window_must_begin_before_it_ends(marketer):
    window = {
        "publish_from_0": "2026-05-02",
        "publish_from_1": "00:00",
        "publish_until_0": "2026-05-01",
        "publish_until_1": "00:00",
    }

    response = marketer.post("/admin/tracking/landingpage/add/", {"title": "A", "slug": "a", **window})

    assert "The window must begin before it ends." in response.text
    assert not LandingPage.objects.exists()


@pytest.mark.parametrize(
    ("has_file", "url", "saved"),
    [
        (True, "", 1),
        (False, "https://files.example/a.pdf", 1),
        (True, "https://files.example/a.pdf", 0),
        (False, "", 0),
        (False, "ftp://a.example/", 0),
    ],
)
def test_an_asset_is_a_file_or_an_address(marketer, settings, tmp_path, has_file, url, saved):
    settings.MEDIA_ROOT = tmp_path
    file = {"file": SimpleUploadedFile("a.pdf", b"%PDF")} if has_file else {}

    marketer.post("/admin/tracking/asset/add/", {"name": "Guide", "is_active": "on", "url": url, **file})

    assert Asset.objects.count() == saved


def test_a_file_that_browsers_would_run_is_refused(marketer, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path

    response = marketer.post(
        "/admin/tracking/asset/add/", {"name": "X", "file": SimpleUploadedFile("a.html", b"<script>")}
    )

    assert "is not allowed" in response.text
    assert not Asset.objects.exists()


def test_a_key_is_shown_once(marketer):
    response = marketer.post("/admin/tracking/apikey/add/", {"name": "Shop"}, follow=True)

    secret = re.search(r"bm_[\w-]{20,}", response.text)[0]
    key = ApiKey.objects.get()
    assert apikeys.find(f"Bearer {secret}") == key
    assert secret not in marketer.get("/admin/tracking/apikey/").text
    assert secret not in marketer.get(f"/admin/tracking/apikey/{key.pk}/change/").text
    marketer.post(f"/admin/tracking/apikey/{key.pk}/change/", {"name": "Shop 2", "is_active": "on"})
    assert apikeys.find(f"Bearer {secret}").name == "Shop 2"


@pytest.fixture
def parked(db):
    hits.record_many([NewHit(kind=Kind.CUSTOM, data={"name": name}) for name in ("waits", "broken")])
    hit = Hit.objects.get(data__name="broken")
    Hit.objects.filter(pk=hit.pk).update(parked_at="2026-05-01T09:30:00Z", error="Traceback\nValueError: <broken>")
    return hit


def test_a_parked_hit_is_shown_with_its_error_and_tried_again(marketer, parked, monkeypatch):
    monkeypatch.setattr("tracking.admin.inbox.ring", lambda: None)
    listed = marketer.get("/admin/tracking/hit/?state=parked").text
    shown = marketer.get(f"/admin/tracking/hit/{parked.pk}/change/").text

    action = {"action": "try_again", "_selected_action": list(Hit.objects.values_list("pk", flat=True))}
    response = marketer.post("/admin/tracking/hit/", action, follow=True)

    parked.refresh_from_db()
    assert ("ValueError: &lt;broken&gt;" in listed, "ValueError: &lt;broken&gt;" in shown) == (True, True)
    assert "1 hit will be tried again." in response.text
    assert (parked.parked_at, parked.error) == (None, "")


def test_looking_at_the_inbox_is_not_permission_to_try_again(client, parked):
    reader = UserFactory()
    reader.user_permissions.add(Permission.objects.get(codename="view_hit"))
    client.force_login(reader)

    assert "try_again" not in client.get("/admin/tracking/hit/").text
    client.post("/admin/tracking/hit/", {"action": "try_again", "_selected_action": [parked.pk]})

    parked.refresh_from_db()
    assert parked.parked_at is not None


def test_the_install_page_shows_the_script(marketer, settings):
    settings.CONSENT_REQUIRED = ["web_tracking"]

    text = marketer.get("/admin/tracking/event/install/").text

    assert "&lt;script src=&quot;http://localhost:8000/t/bareme.js&quot; async&gt;&lt;/script&gt;" in text
    assert "follows nobody without consent" in text


@pytest.mark.parametrize("path", ["event/install/", "event/contact/1/", "event/", "hit/", "apikey/", "form/"])
def test_staff_without_permission_see_none_of_it(client, db, path):
    client.force_login(UserFactory())

    assert client.get(f"/admin/tracking/{path}").status_code == 403


@pytest.mark.parametrize("model", ["form", "landingpage", "asset", "apikey", "link", "hit", "event", "formsubmission"])
def test_every_list_opens(marketer, model):
    AssetFactory()
    LandingPageFactory()

    assert marketer.get(f"/admin/tracking/{model}/").status_code == 200


def test_the_record_is_not_edited_by_hand(marketer, parked):
    for model in ("hit", "event", "link", "formsubmission"):
        assert marketer.get(f"/admin/tracking/{model}/add/").status_code == 403
    assert marketer.post(f"/admin/tracking/hit/{parked.pk}/delete/", {"post": "yes"}).status_code == 403
