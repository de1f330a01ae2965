"""What comes after a form was sent: thanks, a redirect, a download, a mail to confirm."""

import pytest

from tests.factories import AssetFactory, FormFieldFactory
from tests.tracking.conftest import JSON
from tracking.models import Kind


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
