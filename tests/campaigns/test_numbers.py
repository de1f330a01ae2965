"""A score looks the same wherever it is read: whole without decimals, else with two, as the reader's language writes them."""

from decimal import Decimal

import pytest
from django.utils import translation

from campaigns import sentences
from campaigns.mail.send import reason
from campaigns.models import Firing
from contacts.wording import number
from tests.factories import ContactFactory, DeliveryFactory, TriggerFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("value", "english", "french"),
    [
        (Decimal("72.50"), "72.50", "72,50"),
        (Decimal("72.5"), "72.50", "72,50"),
        (Decimal("-0.25"), "−0.25", "−0,25"),
        (Decimal("191.00"), "191", "191"),
        (Decimal("1E+2"), "100", "100"),
        (12, "12", "12"),
    ],
)
def test_a_score_in_words(value, english, french):
    told = []
    for language in ("en", "fr"):
        with translation.override(language):
            told.append(number(value))

    assert told == [english, french]


@pytest.mark.parametrize(("language", "shown"), [("en", "72.50"), ("fr", "72,50")])
def test_a_half_point_is_written_alike_on_every_page(admin_client, settings, language, shown):
    settings.LANGUAGE_CODE = language
    ada = ContactFactory(email="ada@example.com")
    trigger = TriggerFactory(threshold=Decimal("72.5"))
    firing = Firing.objects.create(trigger=trigger, contact=ada, before=Decimal("3"), after=Decimal("72.5"))

    assert f"3 → {shown}" in admin_client.get("/admin/campaigns/firing/").content.decode()
    assert f"3 → {shown}" in admin_client.get(ada.get_absolute_url()).content.decode()
    with translation.override(language):
        assert shown in sentences.trigger(trigger)
        assert reason(DeliveryFactory(firing=firing))["reason.score"] == shown
