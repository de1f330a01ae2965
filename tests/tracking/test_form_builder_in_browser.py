"""Chromium in the admin: a marketer builds a form by clicking, by dragging, and by keyboard alone."""

import os

import pytest
from django.conf import settings as django_settings
from django.contrib.sessions.backends.db import SessionStore

from contacts import consent_texts
from tests.factories import FormFactory, FormFieldFactory, UserFactory
from tracking.models import Form

pytestmark = pytest.mark.django_db(transaction=True)
PICTURES = os.environ.get("BAREME_PICTURES", "")


@pytest.fixture
def admin(chromium, live_server, transactional_db):
    """A marketer's browser, logged in; admin.complaints are the errors of its console."""
    user = UserFactory(is_superuser=True)
    session = SessionStore()
    session["_auth_user_id"] = str(user.pk)
    session["_auth_user_backend"] = django_settings.AUTHENTICATION_BACKENDS[0]
    session["_auth_user_hash"] = user.get_session_auth_hash()
    session.save()
    context = chromium.new_context(locale="en-GB", viewport={"width": 1500, "height": 1100})
    context.add_cookies([{"name": "sessionid", "value": session.session_key, "url": live_server.url}])
    page = context.new_page()
    page.set_default_timeout(8000)
    page.complaints = []
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.on("console", lambda said: page.complaints.append(said.text) if said.type == "error" else None)
    page.address = live_server.url
    yield page
    context.close()


def picture(page, name):
    if PICTURES:
        page.screenshot(path=f"{PICTURES}/{name}.png", full_page=True)


def titles(page):
    return page.locator("[data-card]:not(.is-gone) [data-title]").all_inner_texts()


def test_a_marketer_builds_a_form_by_clicking_moves_its_fields_and_sees_it_grow(admin):
    page = admin
    page.goto(f"{page.address}/admin/tracking/form/add/")
    page.locator("#id_name").fill("Demo request")
    page.locator("#id_title").fill("Ask for a demo")

    page.get_by_role("button", name="Email", exact=True).click()
    page.get_by_role("button", name="One choice of buttons").click()
    page.get_by_label("Label").last.fill("Are you a customer?")
    page.get_by_label("Choices").last.fill("Yes\nNo")
    page.get_by_role("button", name="Long text").click()
    page.get_by_label("Label").last.fill("What is missing?")
    page.get_by_label("Question").last.select_option(label="Are you a customer?")
    page.get_by_role("group", name="Answers").get_by_label("Yes").check()
    picture(page, "builder")
    frame = page.frame_locator("[data-frame]")
    frame.get_by_text("Are you a customer?").wait_for()
    assert not frame.get_by_label("What is missing?").is_visible()
    frame.get_by_label("Yes").check()
    frame.get_by_label("What is missing?").wait_for()

    page.get_by_role("button", name="File", exact=True).click()
    page.get_by_label("Label").last.fill("Your plan")
    toggle = page.locator("[data-card]").last.locator("[data-toggle]")
    toggle.focus()
    page.keyboard.press("Alt+ArrowUp")
    page.keyboard.press("Alt+ArrowUp")
    assert titles(page) == ["Email", "Your plan", "Are you a customer?", "What is missing?"]
    assert page.locator("[data-live]").inner_text() == "Your plan moved up: 2 of 4."

    page.locator("[data-card]").first.scroll_into_view_if_needed()
    handle = page.locator("[data-card]").nth(1).locator("[data-handle]").bounding_box()
    first = page.locator("[data-card]").first.bounding_box()
    page.mouse.move(handle["x"] + 5, handle["y"] + 5)
    page.mouse.down()
    page.mouse.move(handle["x"] + 5, first["y"] + 3, steps=5)
    page.mouse.up()
    assert titles(page) == ["Your plan", "Email", "Are you a customer?", "What is missing?"]

    page.locator("[data-card]").first.get_by_role("button", name="Take out").click()
    page.get_by_role("button", name="Put it back").click()
    page.get_by_role("button", name="All UTM parameters").click()
    picture(page, "builder-full")
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url("**/admin/tracking/form/")

    rows = Form.objects.get().fields.values_list("key", "type", "depends_on", "depends_values", "options")
    assert list(rows)[:4] == [
        ("your_plan", "file", "", [], {}),
        ("email", "email", "", [], {}),
        ("are_you_a_customer", "radio", "", [], {}),
        ("what_is_missing", "textarea", "are_you_a_customer", ["Yes"], {}),
    ]
    assert list(rows)[4] == ("utm_source", "hidden", "", [], {"parameter": "utm_source"})
    assert (len(rows), page.complaints) == (9, [])


def test_settings_are_called_what_they_are_for_the_type_and_keys_speak(admin):
    page = admin
    page.goto(f"{page.address}/admin/tracking/form/add/")
    page.get_by_role("button", name="Email", exact=True).click()
    page.get_by_role("button", name="Writing by email", exact=True).click()
    assert [page.locator(f"[name$='-{row}-key']").input_value() for row in (0, 1)] == ["email", "email_consent"]

    page.get_by_role("button", name="Number", exact=True).click()
    labels = page.locator("[data-card]").last.locator("[data-setting=maximum] .fb-label")
    assert labels.inner_text().strip() == "Largest number"
    page.get_by_label("Type").last.select_option("textarea")
    assert labels.inner_text().strip() == "Most characters"
    assert page.complaints == []


def test_a_consent_brings_the_text_in_force_in_the_language_of_the_form(admin):
    consent_texts.write("profiling", "fr", "Vous pouvez me profiler.")
    page = admin
    page.goto(f"{page.address}/admin/tracking/form/add/")
    page.locator("#id_name").fill("Demo")
    page.locator("#id_language").select_option("fr")

    page.get_by_role("button", name="Profiling", exact=True).click()

    assert page.get_by_label("Label").last.input_value() == "Vous pouvez me profiler."
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url("**/admin/tracking/form/")
    assert list(Form.objects.get().fields.values_list("key", "purpose")) == [("profiling", "profiling")]


def test_an_error_opens_the_card_it_stands_in(admin):
    page = admin
    page.goto(f"{page.address}/admin/tracking/form/add/")
    page.locator("#id_name").fill("Demo")
    page.get_by_role("button", name="One choice from a list").click()
    page.get_by_label("Label").last.fill("Plan")
    page.get_by_role("button", name="Text", exact=True).click()
    page.get_by_label("Label").last.fill("Name")

    page.get_by_role("button", name="Save", exact=True).click()

    card = page.locator("[data-card]").first
    card.get_by_text("A field to choose from needs at least one choice.").wait_for()
    assert page.locator("[data-card]").nth(1).locator("[data-body]").is_visible() is False
    picture(page, "builder-error")


def test_mistakes_are_told_at_the_top_and_the_page_begins_at_the_first(admin):
    page = admin
    page.goto(f"{page.address}/admin/tracking/form/add/")
    page.get_by_role("button", name="Email", exact=True).click()
    page.get_by_role("button", name="Number", exact=True).click()
    page.get_by_label("Label").last.fill("How many?")
    page.get_by_text("More", exact=True).last.click()
    page.get_by_label("Default").last.fill("few")
    page.get_by_role("button", name="One choice from a list").click()
    page.get_by_label("Label").last.fill("Plan")
    page.get_by_text("After sending", exact=True).click()
    page.locator("#id_thank_you").select_option("redirect")

    page.get_by_role("button", name="Save", exact=True).click()

    alert = page.get_by_role("alert")
    alert.wait_for()
    assert alert.locator("p").inner_text() == "Nothing is saved yet: 4 things are to be put right."
    assert alert.locator("a").all_inner_texts() == [
        "Name: This field is required.",
        "Page: Say which page to go to.",
        "How many?, Default: The default is not a possible answer: Enter a number.",
        "Plan, Choices: A field to choose from needs at least one choice.",
    ]
    focused = "[document.activeElement.name, document.activeElement.getAttribute('aria-invalid')]"
    page.wait_for_function("document.activeElement.name === 'name'")
    for link, name in ((1, "redirect_url"), (2, "fields-1-default"), (3, "fields-2-choices")):
        page.locator("[data-card] [data-toggle][aria-expanded=true]").first.click()  # shut what stood open
        page.locator("[data-mistakes] a").nth(link).click()
        page.wait_for_function("name => document.activeElement.name === name", arg=name)
        assert page.evaluate(focused) == [name, "true"]
        described = page.evaluate("document.activeElement.getAttribute('aria-describedby')")
        errors = page.locator(f"#{described.split()[-1]}")
        assert (errors.is_visible(), errors.inner_text() in alert.locator("a").nth(link).inner_text()) == (True, True)
    assert page.complaints == []


def test_a_mistake_in_a_condition_leads_to_the_question_that_was_chosen(admin):
    form = FormFactory(name="Demo")
    FormFieldFactory(form=form, key="topic", label="Topic", type="select", choices=["Price"], position=0)
    why = FormFieldFactory(form=form, key="why", label="Why?", position=1)
    form.fields.filter(pk=why.pk).update(depends_on="topic", depends_values=["Price"])
    page = admin
    page.goto(f"{page.address}/admin/tracking/form/{form.pk}/change/")
    page.locator("[data-card]").first.get_by_role("button", name="Take out").click()

    page.get_by_role("button", name="Save", exact=True).click()

    page.get_by_role("alert").wait_for()
    page.wait_for_function("document.activeElement.matches('[data-depends]')")
    assert page.get_by_role("alert").locator("a").all_inner_texts() == [
        "Why?, Show only if: The question it depends on must stand before it."
    ]
    picture(page, "builder-mistake")


def test_a_saved_form_is_changed_again(admin):
    form = FormFactory(name="Demo", title="Ask for a demo", description="We answer within a day.")
    FormFieldFactory(form=form, key="email", label="Email", type="email", required=True, position=0)
    FormFieldFactory(form=form, key="topic", label="Topic", type="select", choices=["Price", "Support"], position=1)
    why = FormFieldFactory(form=form, key="why", label="Which price?", position=2)
    form.fields.filter(pk=why.pk).update(depends_on="topic", depends_values=["Price"])
    page = admin
    page.goto(f"{page.address}/admin/tracking/form/{form.pk}/change/")
    page.frame_locator("[data-frame]").get_by_label("Topic").select_option("Price")
    page.frame_locator("[data-frame]").get_by_label("Which price?").wait_for()

    page.get_by_role("button", name="Which price?").click()
    assert page.get_by_role("group", name="Answers").get_by_label("Price").is_checked()
    picture(page, "builder-saved")
    page.locator("[data-card]").nth(1).get_by_role("button", name="Move down").click()
    page.locator("[data-card]").first.get_by_role("button", name="Take out").click()
    page.get_by_role("button", name="Save and continue editing").click()
    page.locator("[data-card]").get_by_text("The question it depends on must stand before it.").wait_for()
    page.locator("[data-card]").nth(2).get_by_role("button", name="Move up").click()
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url("**/admin/tracking/form/")

    assert list(form.fields.values_list("key", "depends_on", "depends_values")) == [
        ("topic", "", []),
        ("why", "topic", ["Price"]),
    ]
    assert page.complaints == []
