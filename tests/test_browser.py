"""The browser of the browser tests works, and so does the way into the admin."""

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from playwright.sync_api import expect


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
def test_a_field_that_is_added_to_a_form_stands_open(chromium, live_server):
    user = get_user_model().objects.create_superuser("ada", password="a long password")
    client = Client()
    client.force_login(user)
    context = chromium.new_context()
    context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}])
    page = context.new_page()

    page.goto(f"{live_server.url}/admin/tracking/form/add/")
    for number in range(2):
        page.get_by_role("link", name="Add another").first.click()
        expect(page.locator(f"#id_fields-{number}-label")).to_be_visible()
    context.close()
