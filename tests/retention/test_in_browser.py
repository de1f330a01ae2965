"""A marketer says how long data are kept, lets go of what is older, and erases who was not seen for years, by clicking."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from contacts import tasks
from contacts.models import Contact
from contacts.privacy.retention import kinds, policies
from tests.factories import CompanyFactory, ContactFactory, FormFactory
from tests.test_merging_in_browser import keep, marketer  # noqa: F401 - fixtures
from tests.tracking.test_in_browser import bareme, form, page, site  # noqa: F401 - fixtures
from tracking.models import Event, HeldSubmission, Kind

pytestmark = pytest.mark.django_db(transaction=True)
PAGE = "/admin/contacts/retentionpolicy/"


def pictures(page, name):  # noqa: F811
    for width in (1280, 400):
        page.set_viewport_size({"width": width, "height": 900})
        for scheme in ("light", "dark"):
            page.evaluate("dark => document.documentElement.classList.toggle('dark', dark)", scheme == "dark")
            keep(page, f"{name}_{width}_{scheme}")
    page.set_viewport_size({"width": 1280, "height": 900})
    page.evaluate("document.documentElement.classList.remove('dark')")


@pytest.fixture
def world(db):
    now = timezone.now()
    for days in (5, 40, 50):
        HeldSubmission.objects.create(form=FormFactory(), key=uuid.uuid4(), at=now - timedelta(days=days))
    for number in range(3):
        Event.objects.create(kind=Kind.PAGE_VISITED, at=now - timedelta(days=500 + number), visitor_id=uuid.uuid4())
    company = CompanyFactory(name="Analytical Engines")
    for name in ("Ada", "Grace"):
        ContactFactory(
            email=f"{name.lower()}@example.com", first_name=name, last_name="Quiet", company=company,
            created_at=now - timedelta(days=2000),
        )  # fmt: skip


def test_data_are_kept_as_long_as_was_said(marketer, live_server, world):  # noqa: F811
    marketer.goto(f"{live_server.url}{PAGE}")
    marketer.fill("[name=message_bodies]", "24")
    marketer.fill("[name=inactive_contacts]", "36")
    spam = marketer.locator("li", has=marketer.locator("[name=held_spam]")).locator("[data-due]")
    assert spam.inner_text().split("\n") == ["Would go now", "2"]
    marketer.fill("[name=held_spam]", "45")
    spam.get_by_text("1", exact=True).wait_for()
    assert spam.inner_text().split("\n") == ["Would go once saved", "1"]
    marketer.locator("text=Would be listed once saved").wait_for()
    pictures(marketer, "retention_before_saving")
    marketer.fill("[name=held_spam]", "30")
    assert spam.inner_text().split("\n") == ["Would go now", "2"]
    marketer.click("button:has-text('Save')")
    marketer.wait_for_selector("text=Saved. It holds from the next run on.")
    marketer.click("text=Apply now …")
    pictures(marketer, "retention_apply")
    marketer.click("button:has-text('Let go of it now')")
    marketer.wait_for_selector("text=It begins within seconds.")
    tasks.apply_retention()
    assert (HeldSubmission.objects.count(), Event.objects.filter(contact=None).count()) == (1, 0)

    marketer.goto(f"{live_server.url}{PAGE}")
    pictures(marketer, "retention")
    marketer.context.add_cookies([{"name": "django_language", "value": "fr", "url": live_server.url}])
    marketer.reload()
    pictures(marketer, "retention_fr")
    marketer.context.clear_cookies(name="django_language")
    assert policies.lengths()["message_bodies"] == 24


def test_who_was_not_seen_for_years_is_erased_by_choosing_and_typing(marketer, live_server, world):  # noqa: F811
    policies.decide(kinds["inactive_contacts"], 36)
    marketer.goto(f"{live_server.url}{PAGE}")
    marketer.click(".retention-due a")
    pictures(marketer, "retention_proposed")
    marketer.check("[aria-label='Ada Quiet']")
    marketer.click("text=Erase these …")
    marketer.fill("input[name=typed]", "ada@example.com")
    marketer.click("button:has-text('Erase for good')")
    marketer.wait_for_selector("text=1 person was erased.")
    assert list(Contact.objects.values_list("email", flat=True)) == ["grace@example.com"]
