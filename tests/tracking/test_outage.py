"""The database is away: what cannot be taken is refused as our fault, and what can be answered without it is."""

import pytest
from django.db import OperationalError, connection

from tests.factories import LinkFactory
from tracking import addresses, tokens
from tracking.tokens import Ref

pytestmark = pytest.mark.django_db


@pytest.fixture
def away():
    """Make every statement fail from now on."""

    def fail(execute, sql, params, many, context):
        raise OperationalError("the connection is closed")

    return lambda: connection.execute_wrapper(fail)


def test_a_beacon_is_refused_so_that_the_script_sends_it_again(client, away):
    hits = {"hits": [{"kind": "page", "url": "https://shop.example/"}]}
    with away():
        response = client.post("/t/b", hits, content_type="application/json")

    assert (response.status_code, response["Retry-After"]) == (503, "30")


@pytest.mark.parametrize("path", ["/f/some-form", "/p/some-page", "/a/some-asset"])
def test_pages_say_please_try_again(client, away, path):
    with away():
        response = client.get(path)

    assert response.status_code == 503
    assert "Please try again in a moment" in response.content.decode()


@pytest.mark.parametrize(
    "path", ["/f/some-form?sent=1.abc", "/f/some-form?sent=1.abc&embed=1", "/p/some-page?sent=1.abc"]
)
def test_whose_answers_were_kept_just_now_is_told_so_though_the_page_cannot_be_shown(client, away, path):
    with away():
        response = client.get(path)

    assert (response.status_code, response["Retry-After"]) == (503, "30")
    assert "We have received your answers." in response.text
    assert "try again" not in response.text


def test_a_post_that_was_not_taken_is_not_said_to_be_whatever_its_address_says(client, away):
    with away():
        response = client.post("/f/some-form?sent=1.abc")

    assert response.status_code == 503
    assert "We have received your answers." not in response.text


def test_a_pixel_is_a_pixel_all_the_same(client, away):
    with away():
        response = client.get(f"/t/o/{tokens.sign_ref(addresses.OPEN, Ref(1, 2, 3))}.gif")

    assert (response.status_code, response["Content-Type"]) == (200, "image/gif")


def test_a_click_that_cannot_be_looked_up_says_please_try_again(client, away):
    link = LinkFactory()
    with away():
        response = client.get(f"/t/c/{tokens.sign_ref(addresses.CLICK, Ref(1, link.subject_id, 3))}")

    assert response.status_code == 503
