"""Lists on a telephone: each row is a card whose labels are the heads of the columns."""

import pytest
from django.test import Client

from config import pipeline
from scoring.models import Repeat
from tests.factories import ContactFactory, UserFactory
from tests.scoring.conftest import download, subject

pytestmark = pytest.mark.django_db(transaction=True)
CELLS = """() => [...document.querySelector("#result_list tr.data-row").cells].map((cell) => {
  const before = getComputedStyle(cell, "::before");
  return [before.textTransform, `${before.content.slice(1, -1)}: ${cell.innerText.trim()}`];
})"""


@pytest.fixture
def phone(chromium, live_server, settings):
    settings.LANGUAGE_CODE = "fr"
    client = Client()
    client.force_login(UserFactory(is_superuser=True))
    context = chromium.new_context(locale="fr-FR", viewport={"width": 400, "height": 900})
    context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}])
    yield context.new_page()
    context.close()


def test_a_card_names_what_it_holds_with_one_capital_and_leaves_nothing_blank(phone, live_server, publish):
    publish(-5, repeat=Repeat.ONCE)
    download(ContactFactory(first_name="Ada", last_name="Martin"), subject("The guide"))
    pipeline.drain()
    phone.goto(f"{live_server.url}/admin/scoring/pointentry/")
    cells = phone.evaluate(CELLS)

    assert {transform for transform, _text in cells} == {"none"}
    assert [text for _transform, text in cells][:-1] == [
        "Contact: Ada Martin",
        "Version: asset_downloaded -5 (v1)",
        "Sur: \u2013",
        "P\u00e9riode: \u2013",
        "Hits: 1",
        "Compt\u00e9s: 1",
        "Points: \u22125",
    ]
    assert cells[-1][1].startswith("Derni\u00e8re fois: ")
