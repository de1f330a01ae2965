"""A marketer merges two contacts and undoes it, by clicking; a kiosk and one of the site's own people, as a browser sees them."""

import os

import pytest
from django.conf import settings as django_settings
from django.test import Client

from config import pipeline
from contacts import consent, segments, tagging
from contacts.models import Contact, DoNotContact, Merge, Purpose
from scoring import ledger
from tests.factories import (
    CompanyFactory,
    ContactFactory,
    SegmentFactory,
    StageFactory,
    TagFactory,
    TriggerFactory,
    UserFactory,
)
from tests.scoring.conftest import download, score, subject
from tests.tracking.test_in_browser import bareme, form, page, site  # noqa: F401 - fixtures
from tracking.models import Hit

pytestmark = pytest.mark.django_db(transaction=True)


def keep(page, name):  # noqa: F811
    """A picture of the page, for people to look at, where SCREENSHOTS names a folder."""
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)


@pytest.fixture
def marketer(page, live_server):  # noqa: F811
    client = Client()
    client.force_login(UserFactory(is_superuser=True, username="manon"))
    name = django_settings.SESSION_COOKIE_NAME
    page.context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": live_server.url}])
    return page


def test_two_contacts_are_merged_and_taken_apart_by_clicking(marketer, live_server, publish, engagement):
    publish(20)
    TriggerFactory(name="Hot", threshold=25)
    ada = ContactFactory(
        email="ada@example.com",
        first_name="Ada",
        last_name="Lovelace",
        city="Paris",
        stage=StageFactory(name="Lead", position=1),
    )
    old = ContactFactory(
        email="ada@work.example", first_name="Ada", last_name="Byron", city="Lyon", phone="+33612345678",
        company=CompanyFactory(name="Analytical Engines"), stage=StageFactory(name="Customer", position=2),
    )  # fmt: skip
    tagging.add([old.pk], [TagFactory(name="vip")])
    segments.add(SegmentFactory(name="Dinner"), [old.pk])
    consent.withdraw(old, Purpose.LINK_TRACKING)
    consent.block(old, "sms", DoNotContact.Reason.MANUAL)
    download(ada, subject("guide"))
    ledger.adjust(old.pk, engagement.pk, 10, note="At the fair")
    pipeline.drain()

    marketer.goto(live_server.url + ada.get_absolute_url())
    marketer.get_by_role("link", name="Merge …").click()
    marketer.get_by_label("Name, email, phone or company").fill("byron")
    marketer.keyboard.press("Enter")
    keep(marketer, "find")
    marketer.get_by_role("link", name="Compare").click()
    marketer.get_by_label("Lyon").check()
    marketer.get_by_role("button", name="Preview again").click()
    assert marketer.get_by_label("Lyon").is_checked()
    assert "The score crosses “Hot”." in marketer.content()
    keep(marketer, "compare")
    marketer.get_by_role("button", name="Merge", exact=True).click()

    marketer.get_by_text("has been merged into this contact").wait_for()
    keep(marketer, "merged")
    ada.refresh_from_db()
    assert (ada.city, ada.last_name, ada.phone, str(ada.stage)) == ("Lyon", "Lovelace", "+33612345678", "Customer")
    pipeline.drain()
    assert score(ada) == 30

    marketer.get_by_role("button", name="Undo the merge").click()
    marketer.get_by_text("is a contact of its own again").wait_for()
    assert Contact.objects.filter(merged_into=None).count() == 2
    marketer.goto(f"{live_server.url}/admin/contacts/merge/")
    keep(marketer, "merges")
    assert Merge.objects.get().undone_by.username == "manon"


def test_duplicates_are_looked_for_and_dismissed_by_clicking(marketer, live_server):
    for number in range(3):
        ContactFactory.create_batch(2, phone=f"+3361234567{number}", first_name="Ada", company=CompanyFactory())
    marketer.goto(f"{live_server.url}/admin/contacts/duplicate/")
    marketer.get_by_role("button", name="Look now").click()
    marketer.get_by_text("3 new pairs found.").wait_for()
    keep(marketer, "duplicates")

    assert marketer.get_by_role("link", name="Compare and merge").count() == 3


def test_a_kiosk_empties_itself_and_takes_nobody_for_the_one_before(page, bareme, form):  # noqa: F811
    form.is_kiosk = True
    form.save()
    for number in range(2):
        page.goto(f"{bareme}/f/{form.public_id}")
        page.wait_for_timeout(1100)
        page.get_by_label("Email").fill(f"lead{number}@example.com")
        page.get_by_label("Few").check()
        page.get_by_role("button").click()
        page.get_by_text("Thank you!").wait_for()
    page.get_by_label("Email").wait_for(timeout=10_000)

    assert page.get_by_label("Email").input_value() == ""
    assert page.context.cookies() == []
    assert list(Hit.objects.values_list("visitor_id", flat=True)) == [None, None]


def test_one_of_the_sites_own_people_is_not_followed(page, site, bareme):  # noqa: F811
    url = site.write(f'<script src="{bareme}/t/bareme.js"></script>')
    for address in (f"{url}?bareme=off", url):
        page.goto(address)
        page.wait_for_timeout(400)

    assert Hit.objects.count() == 0
    assert [cookie["name"] for cookie in page.context.cookies()] == ["bareme_consent"]


def test_staff_opt_out_and_in_on_a_page_of_their_own(page, bareme):  # noqa: F811
    page.goto(f"{bareme}/t/own")
    page.get_by_role("button", name="Do not record what I do").click()
    page.get_by_role("button", name="Treat me as a visitor").wait_for()
    keep(page, "own")
    assert [(cookie["name"], cookie["value"]) for cookie in page.context.cookies()] == [("bareme_staff", "1")]
