"""The browser of the browser tests works, and so does the way into the admin."""

import pytest
from django.contrib.auth import get_user_model


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
