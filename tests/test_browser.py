"""The browser of the browser tests works, and so does the way into the admin."""

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from playwright.sync_api import expect

from scoring.models import PointGroup
from tracking.models import Form


@pytest.mark.django_db(transaction=True)
def test_an_administrator_signs_in(chromium, live_server):
    get_user_model().objects.create_superuser("ada", password="a long password")
    page = chromium.new_page()

    page.goto(f"{live_server.url}/admin/")
    page.get_by_label("Username").fill("ada")
    page.get_by_label("Password").fill("a long password")
    page.get_by_role("button", name="Log in").click()

    page.wait_for_url(f"{live_server.url}/admin/")
    page.close()


@pytest.mark.django_db(transaction=True)
def test_a_form_is_made_with_a_field_that_stands_open_and_with_its_points(chromium, live_server):
    user = get_user_model().objects.create_superuser("ada", password="a long password")
    PointGroup.objects.create(name="Engagement")
    client = Client()
    client.force_login(user)
    context = chromium.new_context(locale="en-GB")
    context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}])
    page = context.new_page()

    page.goto(f"{live_server.url}/admin/tracking/form/add/")
    page.locator("#id_name").fill("Demo request")
    page.get_by_role("button", name="Email", exact=True).click()
    expect(page.locator("#id_fields-0-label")).to_be_visible()
    page.get_by_role("link", name="Add another").click()
    page.locator("#id_point_actions-0-points").fill("20")
    page.locator("#id_point_actions-0-group").select_option(label="Engagement")
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url(f"{live_server.url}/admin/tracking/form/")

    form = Form.objects.get(name="Demo request")
    assert list(form.fields.values_list("type", "contact_field")) == [("email", "email")]
    assert list(form.point_actions.values_list("points", "group__name", "repeat")) == [(20, "Engagement", "once")]
    context.close()
