"""Chromium: a marketer arranges a page and publishes it; a visitor elsewhere reads it and sends its form; then the numbers."""

import os
import struct
import zlib

import pytest
from django.conf import settings as django_settings
from django.contrib.sessions.backends.db import SessionStore

from config.pipeline import drain
from tests.factories import FormFieldFactory, LandingPageFactory, UserFactory
from tracking import experiments
from tracking.models import Event, Kind, LandingPage, PageImage, PageTest
from tracking.sections import new_row

pytestmark = pytest.mark.django_db(transaction=True)
PICTURES = os.environ.get("BAREME_PICTURES", "")
PERSON = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36"
EVIL = '<script>window.evil = 1</script><img src=x onerror="window.evil = 1">\'"'


def png(width=640, height=400):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = b"".join(b"\x00" + bytes([90, 60 + y % 120, 180]) * width for y in range(height))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


@pytest.fixture
def admin(chromium, live_server, transactional_db, media):
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
    page.on("pageerror", lambda error: page.complaints.append(f"{page.url} {error.stack}"))
    page.on("console", lambda said: page.complaints.append(said.text) if said.type == "error" else None)
    page.address = live_server.url
    yield page
    context.close()


@pytest.fixture
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def visitor(chromium):
    """Makes browsers of visitors, each with cookies of its own."""
    made = []

    def visitor(**kwargs):
        made.append(chromium.new_context(locale="en-GB", user_agent=PERSON, **kwargs))
        page = made[-1].new_page()
        page.set_default_timeout(8000)
        return page

    yield visitor
    for context in made:
        context.close()


def picture(page, name):
    if PICTURES:
        page.screenshot(path=f"{PICTURES}/{name}.png", full_page=True)


def test_from_an_empty_page_to_its_statistics(admin, visitor, form, free, live_server):
    page = admin
    page.goto(f"{page.address}/admin/tracking/landingpage/add/")
    page.locator("#id_title").fill("Our guide")
    page.get_by_role("button", name="Opening", exact=True).click()
    page.get_by_label("Heading").last.fill("Lose less beer")
    page.get_by_label("Text", exact=True).last.fill("Nine litres in a hundred never reach the glass.")
    page.get_by_label("Button", exact=True).last.fill("Get the guide")
    page.locator("[data-file]").set_input_files({"name": "tank.png", "mimeType": "image/png", "buffer": png()})
    page.get_by_text("“tank.png” can be chosen now.").wait_for()
    page.get_by_role("button", name="Benefits or list").click()
    page.get_by_label("Points").last.fill("Twelve places: where beer disappears\nOne method: twenty minutes a batch")
    page.get_by_label("Look").last.select_option("cards")
    page.get_by_role("button", name="Quote", exact=True).click()
    page.get_by_label("What they said").last.fill("We thought two kegs a month. It was seventeen.")
    page.get_by_label("Who said it").last.fill("Brasserie du Beffroi")
    page.locator("[data-card]").last.locator("[data-toggle]").focus()
    page.keyboard.press("Alt+ArrowUp")
    assert page.locator("[data-live]").inner_text() == (
        "We thought two kegs a month. It was seventeen. moved up: 2 of 3."
    )
    page.get_by_role("button", name="Form", exact=True).click()
    page.get_by_label("Heading").last.fill("Where may we send it?")
    frame = page.frame_locator("[data-frame]")
    frame.get_by_role("heading", name="Lose less beer").wait_for()
    frame.get_by_text("seventeen").wait_for()
    picture(page, "page-builder")
    page.get_by_role("button", name="Phone").click()
    picture(page, "page-builder-phone")
    page.get_by_text("Publishing", exact=True).click()
    page.locator("#id_is_published").check()
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url("**/admin/tracking/landingpage/")
    row = LandingPage.objects.get()
    assert [section["type"] for section in row.sections] == ["hero", "quote", "benefits", "form"]
    assert row.sections[0]["params"]["image"] == PageImage.objects.get().pk
    LandingPage.objects.update(form=form)

    guest = visitor()
    guest.goto(f"{live_server.url}/p/our-guide?utm_source=mail")
    assert guest.get_by_role("heading", level=1).all_inner_texts() == ["Lose less beer"]
    picture(guest, "page-public")
    guest.get_by_role("link", name="Get the guide").click()
    guest.get_by_label("Email").fill("ada@example.com")
    guest.wait_for_timeout(1100)
    guest.get_by_role("button", name="Send").click()
    guest.get_by_text("Thank you!").wait_for()
    phone = visitor(viewport={"width": 390, "height": 800}, color_scheme="dark")
    phone.goto(f"{live_server.url}/p/our-guide")
    picture(phone, "page-public-phone")
    assert phone.evaluate("document.documentElement.scrollWidth") == 390
    drain()

    page.goto(f"{page.address}/admin/tracking/landingpage/{row.pk}/statistics/")
    figures = dict(zip(page.locator("dt").all_inner_texts(), page.locator("dd").all_inner_texts(), strict=True))
    assert (figures["Visits"], figures["People"], figures["Sent the form"].splitlines()[0]) == ("2", "2", "50.0%")
    assert page.get_by_role("row", name="mail 1 1").is_visible()
    picture(page, "page-statistics")
    page.goto(f"{page.address}/admin/tracking/form/{form.pk}/statistics/")
    assert page.get_by_role("row", name="/p/our-guide 2 2 1 1 50.0%").is_visible()
    picture(page, "form-statistics")
    assert page.complaints == []


def test_the_preview_asks_what_depends_on_answers_and_reaches_nothing_of_the_editor(admin, form):
    FormFieldFactory(form=form, key="topic", label="Topic", type="select", choices=["Price", "Other"], position=5)
    FormFieldFactory(
        form=form, key="price", label="Which price?", depends_on="topic", depends_values=["Price"], position=6
    )
    row = LandingPageFactory(form=form, sections=[new_row("form", heading="Write to us")])
    page = admin
    page.goto(f"{page.address}/admin/tracking/landingpage/{row.pk}/change/")
    frame = page.frame_locator("[data-frame]")
    frame.get_by_label("Topic").wait_for()

    assert not frame.get_by_label("Which price?").is_visible()
    frame.get_by_label("Topic").select_option("Price")
    frame.get_by_label("Which price?").wait_for()
    picture(page, "page-preview-condition")

    inside = page.locator("[data-frame]").element_handle().content_frame()
    assert (page.locator("[data-frame]").get_attribute("sandbox"), inside.evaluate("origin")) == (
        "allow-scripts",
        "null",
    )
    assert page.complaints == []


def test_mistakes_are_told_at_the_top_and_the_page_begins_at_the_first(admin):
    rows = [new_row("quote", text="Good"), new_row("call_to_action", heading="Now", button="Go", url="")]
    row = LandingPageFactory(title="Offer", slug="offer", sections=rows)
    page = admin
    page.goto(f"{page.address}/admin/tracking/landingpage/{row.pk}/change/")
    page.locator("[data-toggle]").first.click()
    page.get_by_label("What they said").first.fill("")
    page.get_by_text("Publishing", exact=True).click()
    page.locator("#id_publish_from_0").fill("2026-05-02")
    page.locator("#id_publish_from_1").fill("10:00")
    page.locator("#id_publish_until_0").fill("2026-05-01")
    page.locator("#id_publish_until_1").fill("10:00")

    page.get_by_role("button", name="Save", exact=True).click()

    alert = page.get_by_role("alert")
    alert.wait_for()
    assert alert.locator("a").all_inner_texts() == [
        "Quote, What they said: This field is required.",
        "Until: The window must begin before it ends.",
    ]
    page.wait_for_function("document.activeElement.name === 'sections-0-text'")
    assert page.evaluate("document.activeElement.getAttribute('aria-describedby')") == "id_sections-0-text_error"
    picture(page, "page-mistakes")
    alert.locator("a").last.click()
    page.wait_for_function("document.activeElement.name === 'publish_until_0'")
    assert page.complaints == []


def test_a_test_of_variants_by_clicking(admin, visitor, form, free, live_server):
    row = LandingPageFactory(title="Offer", slug="offer", form=form, sections=[new_row("hero", heading="First words")])
    page = admin
    page.goto(f"{page.address}/admin/tracking/landingpage/{row.pk}/change/")
    page.get_by_text("Test variants (A/B)").click()
    page.wait_for_url("**/pagetest/**")
    page.get_by_role("link", name="Change its sections").nth(1).click()
    page.locator("[data-toggle]").click()
    page.get_by_label("Heading").last.fill("Other words")
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url("**/pagetest/**")
    test = PageTest.objects.get()
    page.goto(f"{page.address}/admin/tracking/pagetest/{test.pk}/change/")
    page.get_by_text("Start the test").first.click()
    page.get_by_role("button", name="Start the test").last.click()
    page.wait_for_url("**/change/")
    page.get_by_text("From now on visitors see the variants.").wait_for()

    for _number in range(4):
        guest = visitor()
        words = []
        for _visit in range(3):
            guest.goto(f"{live_server.url}/p/offer")
            words.append(guest.get_by_role("heading", level=1).inner_text())
        assert len(set(words)) == 1
    drain()
    page.reload()
    picture(page, "page-test")
    seen = page.locator(".st-table td:nth-child(2)").all_inner_texts()
    assert sum(int(text) for text in seen if text.isdecimal()) == 4
    page.get_by_role("button", name="Stop and keep B").click()
    page.get_by_text("The test has ended.").first.wait_for()
    row.refresh_from_db()
    assert (row.sections[0]["params"]["heading"], PageTest.objects.get().kept) == ("Other words", "B")
    assert page.complaints == []


def test_whatever_is_typed_or_sent_stays_text(admin, visitor, form, free, live_server):
    rows = [
        new_row("hero", heading=EVIL, text=EVIL, button=EVIL, url="javascript:window.evil=1", alt=EVIL),
        new_row("text", heading=EVIL, text=EVIL + " javascript:alert(1) https://example.com/?a=" + EVIL),
        new_row("benefits", heading=EVIL, points=f"{EVIL}: {EVIL}", look=EVIL),
        new_row("quote", text=EVIL, person=EVIL, role=EVIL),
        new_row("video", url="https://video.example/x", caption=EVIL),
        new_row("call_to_action", heading=EVIL, text=EVIL, button=EVIL, url=""),
        new_row("html", html=EVIL),
        new_row("form", heading=EVIL, text=EVIL),
    ]
    row = LandingPageFactory(title=EVIL, slug="evil", form=form, sections=rows, footer=EVIL, description=EVIL)
    guest = visitor()
    guest.goto(
        f"{live_server.url}/p/evil?utm_source=%3Cscript%3Ewindow.evil=1%3C/script%3E",
        referer="https://search.example/<script>window.evil=1</script>",
    )
    assert guest.evaluate("window.evil") is None
    assert guest.get_by_role("link", name="javascript").count() == 0
    assert not [one for one in guest.locator("a").all() if (one.get_attribute("href") or "").startswith("java")]
    drain()
    page = admin
    for path in (f"landingpage/{row.pk}/statistics/", f"landingpage/{row.pk}/change/", "landingpage/"):
        page.goto(f"{page.address}/admin/tracking/{path}")
        page.wait_for_timeout(500)
        assert page.evaluate("window.evil") is None
    assert Event.objects.filter(kind=Kind.LANDING_PAGE_VISITED).count() == 1
    assert experiments.running(row) == []
