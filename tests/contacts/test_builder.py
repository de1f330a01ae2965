"""The condition builder, clicked and typed in a browser."""

import pytest
from playwright.sync_api import expect

from contacts.models import Segment
from tests.factories import ContactFactory, TagFactory, UserFactory


@pytest.fixture
def page(chromium, live_server, transactional_db):
    user = UserFactory(is_superuser=True, username="manon")
    user.set_password("a long password")
    user.save()
    context = chromium.new_context(viewport={"width": 1440, "height": 1000}, locale="en-GB")
    page = context.new_page()
    page.on("pageerror", lambda error: pytest.fail(str(error)))
    page.goto(f"{live_server.url}/admin/")
    page.get_by_label("Username").fill("manon")
    page.get_by_label("Password").fill("a long password")
    page.get_by_role("button", name="Log in").click()
    page.wait_for_load_state()
    yield page
    context.close()


def test_a_marketer_builds_a_segment(page, live_server):
    vip = TagFactory(name="VIP")
    ContactFactory(country="FR", city="Lyon").tags.add(vip)
    ContactFactory(country="FR")
    page.goto(f"{live_server.url}/admin/contacts/segment/add/")
    page.locator("#id_name").fill("French")
    page.locator("#id_is_dynamic").check()
    builder = page.locator(".cb")
    expect(builder.locator(".cb-count")).to_have_text("2 contacts match.")

    builder.get_by_role("button", name="Add a condition").click()
    builder.get_by_label("What").select_option(label="country")
    builder.get_by_label("Value").select_option(label="France")
    builder.get_by_role("button", name="Add a group").click()
    inner = builder.locator(".cb-group .cb-group")
    inner.get_by_label("What").select_option(label="tag")
    inner.get_by_label("How").select_option(label="is one of")
    inner.get_by_label("Value").select_option(label="VIP")
    expect(builder.locator(".cb-count")).to_have_text("1 contact matches.")
    inner.get_by_role("button", name="Add a condition").click()
    second = inner.locator("[data-place='2.2']")
    second.get_by_label("What").select_option(label="city")
    second.get_by_label("How").select_option(label="is")
    second.get_by_label("Value").fill("Nice")
    inner.get_by_label("Group").select_option(label="None of these applies")
    expect(builder.locator(".cb-count")).to_have_text("1 contact matches.")
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url(f"{live_server.url}/admin/contacts/segment/")

    segment = Segment.objects.get()
    assert segment.conditions == {
        "all": [
            {"filter": "field", "field": "country", "op": "is", "value": "FR"},
            {
                "not": {
                    "any": [
                        {"filter": "tag", "op": "one_of", "value": [vip.pk]},
                        {"filter": "field", "field": "city", "op": "is", "value": "Nice"},
                    ]
                }
            },
        ]
    }
    assert segment.memberships.count() == 1


def test_what_was_saved_is_shown_again_and_a_retired_condition_can_be_removed(page, live_server):
    rule = {"filter": "field", "field": "city", "op": "one_of", "value": ["Lyon", "Nice"]}
    segment = Segment.objects.create(
        name="Cities", is_dynamic=True, conditions={"all": [rule, {"filter": "horoscope", "op": "is", "value": "Leo"}]}
    )
    page.goto(f"{live_server.url}/admin/contacts/segment/{segment.pk}/change/")
    builder = page.locator(".cb")

    expect(builder.get_by_label("Value")).to_have_value("Lyon\nNice")
    expect(builder.locator(".cb-gone")).to_contain_text("This condition no longer exists; remove it.")
    builder.locator("[data-place='2']").get_by_role("button", name="Remove").click()
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url(f"{live_server.url}/admin/contacts/segment/")

    segment.refresh_from_db()
    assert segment.conditions == {"all": [rule]}


def test_the_builder_is_worked_with_the_keyboard_alone(page, live_server):
    page.goto(f"{live_server.url}/admin/contacts/segment/add/")
    page.locator("#id_is_dynamic").check()
    page.get_by_role("button", name="Add a condition").focus()
    page.keyboard.press("Enter")
    expect(page.locator("[data-place='1'] select").first).to_be_focused()
    page.keyboard.type("city")
    expect(page.locator("[data-place='1']").get_by_label("How")).to_be_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.type("Lyon")

    expect(page.locator("textarea[name=conditions]")).to_have_value(
        '{"all":[{"filter":"field","field":"city","op":"is","value":"Lyon"}]}'
    )
