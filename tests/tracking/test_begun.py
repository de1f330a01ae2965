"""That a form was begun: told with web tracking consent alone, by a token of the form's own, for statistics and for no points."""

import json
from uuid import uuid4

import pytest

from config import pipeline
from contacts import consent
from scoring.models import PointEntry
from tests.tracking.visiting import BROWSER, identify
from tracking import browsers, nonces
from tracking.models import Event, Hit, Kind, Visitor

pytestmark = pytest.mark.django_db


def begin(client, token, visitor=str(BROWSER), **headers):
    sent = {"hits": [{"kind": "start", "form": token, "key": str(uuid4())}]} | ({"visitor": visitor} if visitor else {})
    return client.post("/t/b", json.dumps(sent), content_type="text/plain", headers=headers)


def begun():
    pipeline.drain()
    found = Event.objects.filter(kind=Kind.FORM_STARTED).order_by("id")
    return list(found.values_list("subject__type", "subject__ref_id", "visitor_id", "contact__email"))


@pytest.mark.parametrize("token", [nonces.nonce, nonces.form_token])
def test_a_form_that_is_begun_is_noted_by_its_own_token_and_earns_nothing(client, form, publish, token):
    publish(5, source="form_submitted")
    assert begin(client, token(form)).status_code == 204

    assert begun() == [("form", form.pk, BROWSER, None)]
    identify("ada@example.com")
    assert begun() == [("form", form.pk, BROWSER, "ada@example.com")]
    assert PointEntry.objects.count() == 0


@pytest.mark.parametrize("token", ["", "x", "A" * 48, nonces.tokens.sign("open", 1, 2, 3)])
def test_what_is_no_form_of_ours_is_not_noted_and_takes_nothing_along(client, db, token):
    page = {"kind": "page", "url": "https://shop.example/"}
    sent = {"visitor": str(BROWSER), "hits": [{"kind": "start", "form": token}, page]}

    assert client.post("/t/b", json.dumps(sent), content_type="text/plain").status_code == 204
    assert list(Hit.objects.values_list("kind", flat=True)) == [Kind.PAGE_VISITED]


def test_a_form_that_was_deleted_meanwhile_is_begun_by_nobody(client, form):
    begin(client, nonces.nonce(form))
    form.delete()

    assert begun() == [(None, None, BROWSER, None)]


def test_on_a_page_of_ours_the_cookie_says_which_browser_began(client, form):
    client.cookies[browsers.COOKIE] = str(BROWSER)
    begin(client, nonces.nonce(form), visitor=None)

    assert begun() == [("form", form.pk, BROWSER, None)]


@pytest.mark.parametrize("header", ["DNT", "Sec-GPC"])
def test_whoever_asks_not_to_be_followed_begins_no_form(client, form, header):
    assert begin(client, nonces.nonce(form), **{header: "1"}).status_code == 204
    assert Hit.objects.count() == 0


def test_who_refuses_to_be_followed_on_pages_begins_a_form_as_nobody(client, form, ada):
    Visitor.objects.create(id=BROWSER, contact=ada, is_sure=True)
    consent.withdraw(ada, "web_tracking")
    begin(client, nonces.nonce(form))

    assert begun() == [("form", form.pk, None, None)]
