"""What nobody answered: theirs is a 400 in a sentence, what is away a 503, and what is ours a 500 that is noted."""

import json

import pytest
from django.db import OperationalError
from django.test import RequestFactory

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
