"""What the theme does to fields is said in words, and only of the field it is about."""

import re

import pytest
from django.test import Client

from tests.factories import LandingPageFactory, UserFactory
from tracking.sections import new_row

pytestmark = pytest.mark.django_db(transaction=True)
RED = re.compile(r"rgb\(2\d\d, [0-3]?\d, [0-6]?\d\)|oklch\(0\.[56]\d* 0\.2")


@pytest.fixture
def marketer(chromium, live_server):
    client = Client()
    client.force_login(UserFactory(is_superuser=True))
    context = chromium.new_context(locale="en-GB", timezone_id="America/New_York")
    context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}])
    yield context.new_page()
    context.close()


def test_a_clock_that_goes_differently_is_told_below_the_field_in_words(marketer, live_server):
    marketer.goto(f"{live_server.url}/admin/scoring/pointaction/add/")
    told = marketer.locator(".timezonewarning").first
    look = told.evaluate(
        "one => [getComputedStyle(one).position, getComputedStyle(one).fontSize, getComputedStyle(one, '::before').content]"
    )

    assert look == ["static", "12px", "none"]
    assert re.fullmatch(r"Note: You are \d hours behind server time\.", told.inner_text())
    field = marketer.locator("#id_active_from_0").bounding_box()
    assert told.bounding_box()["y"] >= field["y"] + field["height"]


def test_one_missing_heading_frames_its_own_field_alone(marketer, live_server):
    page = LandingPageFactory(sections=[new_row("hero", heading="Lose less beer", text="In twenty minutes")])
    marketer.goto(f"{live_server.url}/admin/tracking/landingpage/{page.pk}/change/")
    marketer.evaluate("document.querySelectorAll('form').forEach(form => { form.noValidate = true })")
    marketer.evaluate("document.querySelector('[name$=-heading]').value = ''")
    marketer.locator("[name=_continue]").click()
    marketer.wait_for_selector(".fb-error")
    borders = dict(
        marketer.evaluate(
            "[...document.querySelectorAll('.fb-setting :is(input:not([type=checkbox], [type=hidden]), textarea, select)')]"
            ".filter(one => !one.name.includes('__prefix__')).map(one => [one.name, getComputedStyle(one).borderTopColor])"
        )
    )
    framed = {name.rpartition("-")[2] for name, color in borders.items() if RED.search(color)}

    assert len(borders) > 1
    assert framed == {"heading"}, borders
