"""What nobody answered: theirs is a 400 in a sentence, what is away a 503, and what is ours a 500 that is noted."""

import json

import pytest
from django.db import OperationalError
from django.test import Client, RequestFactory

from config import refusals
from tests.factories import UserFactory

WRONG_ID = "Field 'id' expected a number but got {}."


@pytest.fixture
def admin(client, db):
    client.force_login(UserFactory(is_superuser=True))
    return client


@pytest.mark.parametrize("query", ["agent=abc", "contact=abc", "network=%00&contact=abc"])
def test_a_value_that_cannot_be_read_is_told_so(admin, query):
    response = admin.get(f"/admin/tracking/mark/add/?{query}", follow=True)

    expected = (200, "Machines") if "%00" in query else (400, "That did not work")
    assert (response.status_code, expected[1] in response.content.decode()) == (expected[0], True)


def test_an_action_on_a_row_that_cannot_be_is_told_so(admin):
    response = admin.post("/admin/contacts/tag/", {"action": "delete_selected", "_selected_action": "abc"})

    assert response.status_code == 400


@pytest.mark.parametrize(
    ("error", "is_theirs"),
    [
        (ValueError(WRONG_ID.format("'abc'")), True),
        (ValueError(WRONG_ID.format("<Contact: ada>")), False),
        (ValueError(WRONG_ID.format("'abcd'")), False),
        (ValueError("abc"), False),
        (KeyError("abc"), False),
    ],
)
def test_an_error_of_ours_is_not_blamed_on_them(error, is_theirs):
    assert refusals.is_theirs(RequestFactory().get("/admin/", {"q": "abc"}), error) is is_theirs


@pytest.mark.parametrize(("error", "status"), [(OperationalError("gone"), 503), (ZeroDivisionError(), 500)])
def test_the_last_word_is_a_page_or_json(error, status):
    def last_word(path):
        try:
            raise error
        except type(error):
            return refusals.server_error(RequestFactory().get(path))

    page, program = last_word("/admin/"), last_word("/api/v1/events")

    assert (page.status_code, page["Content-Type"]) == (status, "text/html; charset=utf-8")
    assert (program.status_code, list(json.loads(program.content))) == (status, ["error"])


SENTENCES = {"en": "This page does not exist", "fr": "Cette page n’existe pas"}
OVERVIEW = {"en": '<a href="/admin/">← Overview</a>', "fr": '<a href="/admin/">← Vue d’ensemble</a>'}


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize(("path", "leads_back"), [("/admin/contacts/contact/999999/", True), ("/nope", False)])
def test_what_is_not_there_is_said_in_the_readers_language(admin, language, path, leads_back):
    response = admin.get(path, follow=True, headers={"Accept-Language": language})

    said = response.content.decode()
    assert (response.status_code, response["Content-Language"], f"<h1>{SENTENCES[language]}</h1>" in said) == (
        404,
        language,
        True,
    )
    assert (OVERVIEW[language] in said) is leads_back


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/api/nothing"])
def test_a_program_is_told_in_json_that_nothing_is_there(client, db, path):
    response = client.get(path)

    assert (response.status_code, response.json()) == (404, {"error": "This page does not exist"})


def test_who_may_not_see_a_page_is_told_so_and_led_back(client, db):
    client.force_login(UserFactory(is_superuser=False))

    response = client.get("/admin/contacts/contact/", headers={"Accept-Language": "fr"})

    said = response.content.decode()
    assert (response.status_code, "<h1>Cela n’a pas fonctionné</h1>" in said, OVERVIEW["fr"] in said) == (
        403,
        True,
        True,
    )


def test_a_form_without_the_token_of_the_session_is_told_so():
    response = Client(enforce_csrf_checks=True).post("/admin/login/", headers={"Accept-Language": "fr"})

    said = response.content.decode()
    assert (response.status_code, "Rien n’a été enregistré." in said, OVERVIEW["fr"] in said) == (403, True, True)


def test_a_host_that_is_not_ours_is_a_400_in_a_sentence(client):
    response = client.get("/nope", headers={"Host": "elsewhere.example", "Accept-Language": "fr"})

    assert (response.status_code, "L’adresse ou le formulaire contenait" in response.content.decode()) == (400, True)


def test_no_icon_is_no_error_and_is_not_asked_for_again_soon(client):
    response = client.get("/favicon.ico")

    assert (response.status_code, response.content, response["Cache-Control"]) == (204, b"", "public, max-age=604800")
