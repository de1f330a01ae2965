"""Publishing a change as a marketer does it in a browser: from the second button of a form to the rollback."""

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from playwright.sync_api import expect

from campaigns.models import Delivery, Firing, Trigger, TriggerAction
from config import pipeline
from scoring import rules
from scoring.models import PointAction, PointGroup, Publication
from scoring.tasks import forecast
from tests.factories import ContactFactory, TagFactory
from tests.scoring.conftest import SINCE, download, score, subject


@pytest.fixture
def world():
    """Ada with 15 points, Bob with 10, Cleo with 5; a trigger at 20."""
    group = PointGroup.objects.create(name="Engagement")
    rule = PointAction.objects.create(
        name="Download", source="asset_downloaded", params={"only": []}, points=5, repeat="object", group=group
    )
    rules.publish(rule, since=SINCE)
    hot = Trigger.objects.create(name="Hot lead", threshold=20)
    TriggerAction.objects.create(trigger=hot, type="change_tags", params={"add": [TagFactory().pk], "remove": []})
    guides = [subject(name) for name in ("guide", "checklist", "white paper")]
    people = {}
    for name, downloads in (("Ada", 3), ("Bob", 2), ("Cleo", 1)):
        people[name] = ContactFactory(email=f"{name.lower()}@example.com", first_name=name, last_name="Test")
        for guide in guides[:downloads]:
            download(people[name], guide)
    pipeline.drain()
    return rule, people


@pytest.fixture
def marketer(chromium, live_server):
    user = get_user_model().objects.create_superuser("marie", password="a long password")
    client = Client()
    client.force_login(user)
    context = chromium.new_context(viewport={"width": 1440, "height": 1000}, locale="en-GB")
    context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}])
    page = context.new_page()
    problems = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    yield page
    context.close()
    assert problems == []


@pytest.mark.django_db(transaction=True)
def test_from_an_edit_over_its_preview_to_held_firings_and_back(marketer, world, live_server):
    rule, people = world
    page = marketer

    page.goto(f"{live_server.url}/admin/scoring/pointaction/{rule.pk}/change/")
    page.locator("#id_points").fill("10")
    page.get_by_role("button", name="Add to the draft").click()
    expect(page.get_by_role("heading", name="Draft", exact=True).first).to_be_visible()
    expect(page.locator(".publication-edit")).to_contain_text("+10")
    page.goto(f"{live_server.url}/admin/scoring/pointaction/{rule.pk}/change/")
    expect(page.locator(".draft-bar")).to_contain_text("+5 → +10")
    expect(page.locator("#id_points")).to_have_value("10")

    page.get_by_role("link", name="See the draft").click()
    page.get_by_label("Also for the past").check()
    page.get_by_role("button", name="Preview").click()
    expect(page.locator("[data-progress]")).to_contain_text("Waiting for its turn.")
    forecast()
    expect(page.locator("#preview")).to_contain_text("Contacts whose scores change")  # the page refreshed itself
    expect(page.locator("section", has=page.get_by_role("heading", name="Hot lead"))).to_contain_text("Ada Test")
    assert [score(people[name]) for name in people] == [15, 10, 5]

    page.get_by_role("button", name="Publish…").click()
    page.get_by_label("Why?").fill("Downloads are worth more")
    page.get_by_role("button", name="Publish", exact=True).click()
    expect(page.locator("[data-progress]")).to_be_visible()
    publication = Publication.objects.get()
    pipeline.drain()
    expect(page.get_by_text("Carried out: 3 contacts were looked at.")).to_be_visible()
    assert [score(people[name]) for name in people] == [30, 20, 10]
    assert Delivery.objects.count() == 0

    page.get_by_role("link", name="Choose among them").click()
    row = page.get_by_role("row", name="Ada Test")
    row.locator("input[type=checkbox]").check()
    choose(page, "Release: act now")
    expect(page.get_by_text("1 firing acts at once, as its trigger stands now.")).to_be_visible()
    page.get_by_role("button", name="Release: act now").click()
    expect(page.get_by_text("1 released.")).to_be_visible()
    assert list(Delivery.objects.values_list("contact__first_name", flat=True)) == ["Ada"]
    address = f"{live_server.url}/admin/scoring/publication/{publication.pk}/"
    page.goto(f"{address}change/")
    page.get_by_role("link", name="Decline all…").click()
    page.get_by_role("button", name="Decline all").click()
    expect(page.get_by_text("1 declined.")).to_be_visible()
    states = Firing.objects.order_by("contact__first_name").values_list("contact__first_name", "state")
    assert list(states) == [("Ada", "fired"), ("Bob", "declined")]

    page.get_by_role("link", name="Roll back…").click()
    expect(page.get_by_text("1 firing has acted already")).to_be_visible()
    page.get_by_role("button", name="Roll back").click()
    expect(page.get_by_text("Rolled back", exact=True)).to_be_visible()
    pipeline.drain()
    assert [score(people[name]) for name in people] == [15, 10, 5]
    assert Delivery.objects.count() == 1


def choose(page, action):
    """Choose an action for the rows that are ticked, and run it."""
    page.locator("select[name=action]").select_option(label=action)
    page.get_by_role("button", name="Run").click()
