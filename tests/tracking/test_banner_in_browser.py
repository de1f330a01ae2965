"""The consent banner on a page of another origin, under a strict Content-Security-Policy; and how large each script is."""

import gzip
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders

from contacts import consent_policies, consent_texts
from tests.tracking.test_in_browser import bareme, beacons, cookies, page, recorded, site  # noqa: F401
from tracking.models import Hit, Kind

BANNER = "section.bareme-banner"


@pytest.fixture
def shop(site, bareme, settings):  # noqa: F811
    """A page with script, banner and a link that opens it again."""
    settings.CONSENT_REQUIRED = ["web_tracking"]
    site.policy = f"default-src 'none'; script-src {bareme}; connect-src {bareme}; style-src 'self'"
    scripts = (
        f'<script src="{bareme}/t/banner.js" data-privacy="/privacy" async></script>'
        f'<script src="{bareme}/t/bareme.js" async></script>'
    )
    return site.write(f'{scripts}<a href="#" data-bareme-consent id="again">Cookies</a>')


@pytest.mark.django_db(transaction=True)
def test_accepting_is_one_click_and_nothing_is_kept_before_it(page, shop):  # noqa: F811
    text = consent_texts.write("web_tracking", "en", "Shall we remember you?")
    sent = beacons(page)
    page.goto(shop)
    page.wait_for_selector(BANNER)
    page.wait_for_timeout(300)
    assert (cookies(page, shop), page.evaluate("localStorage.length"), sent, Hit.objects.count()) == ({}, 0, [], 0)
    assert page.inner_text(f"{BANNER} p").startswith(text.text)
    assert page.get_attribute(f"{BANNER} a", "href") == "/privacy"

    page.get_by_role("button", name="Accept").click()

    hits = recorded(page, 2)
    assert [hit[0] for hit in hits] == [Kind.PAGE_VISITED, Kind.CUSTOM]
    assert hits[1][2]["properties"] == {
        "purpose": "web_tracking", "text": text.text, "version": 1, "language": "en",
    }  # fmt: skip
    assert page.query_selector(BANNER) is None
    assert page.complaints == []
    page.reload()
    page.wait_for_timeout(300)
    assert page.query_selector(BANNER) is None


@pytest.mark.django_db(transaction=True)
def test_refusing_is_as_easy_by_keyboard_too_and_can_be_changed_again(page, shop):  # noqa: F811
    page.goto(shop)
    page.wait_for_selector(BANNER)
    buttons = page.query_selector_all(f"{BANNER} button")
    boxes = [button.bounding_box() for button in buttons]
    styles = [
        button.evaluate("b => getComputedStyle(b).background + getComputedStyle(b).fontSize") for button in buttons
    ]
    assert (boxes[0]["height"], styles[0]) == (boxes[1]["height"], styles[1])
    assert abs(boxes[0]["width"] - boxes[1]["width"]) < 1

    page.keyboard.press("Tab")  # the privacy link
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Refuse"
    page.keyboard.press("Enter")
    page.wait_for_timeout(200)
    assert (cookies(page, shop), Hit.objects.count()) == ({"bareme_consent": "denied"}, 0)
    page.reload()
    page.wait_for_function("window.bareme && window.bareme.loaded && window.baremeBanner")
    page.wait_for_timeout(200)
    assert page.query_selector(BANNER) is None

    page.focus("#again")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.className") == "bareme-banner"
    assert "At present you refuse." in page.inner_text(BANNER)
    page.keyboard.press("Escape")
    assert (page.query_selector(BANNER), page.evaluate("document.activeElement.id")) == (None, "again")
    page.evaluate("bareme('ask')")
    page.get_by_role("button", name="Accept").click()
    assert {hit[0] for hit in recorded(page, 2)} == {Kind.PAGE_VISITED, Kind.CUSTOM}


@pytest.mark.django_db(transaction=True)
def test_the_banner_speaks_the_language_of_the_page(page, shop):  # noqa: F811
    page.add_init_script(
        "document.addEventListener('readystatechange', () => { document.documentElement.lang = 'fr-CH' })"
    )
    page.goto(shop)
    page.wait_for_selector(BANNER)
    assert page.get_attribute(BANNER, "lang") == "fr"


@pytest.mark.django_db(transaction=True)
def test_who_refuses_by_their_browser_is_not_asked(page, shop):  # noqa: F811
    page.add_init_script("Object.defineProperty(navigator, 'globalPrivacyControl', {value: true})")
    page.goto(shop)
    page.wait_for_function("window.bareme && window.bareme.loaded && window.baremeBanner")
    page.wait_for_timeout(300)
    assert (page.query_selector(BANNER), cookies(page, shop), Hit.objects.count()) == (None, {}, 0)


@pytest.mark.django_db(transaction=True)
def test_a_banner_of_ones_own_hears_how_it_stands(page, site, bareme, settings):  # noqa: F811
    settings.CONSENT_REQUIRED = ["web_tracking"]
    url = site.write(f'<script src="own.js"></script><script src="{bareme}/t/bareme.js" async></script>')
    site.script(
        "own.js",
        "window.bareme = function () { (bareme.q = bareme.q || []).push(arguments) };"
        "window.heard = []; bareme('consent', function (state) { heard.push([state.required, state.answer]) });",
    )
    page.goto(url)
    page.wait_for_function("window.bareme.loaded")

    page.evaluate(
        "bareme('consent', {web_tracking: true}); bareme('consent', {web_tracking: false}); bareme('consent', 'x')"
    )

    assert page.evaluate("heard") == [[True, ""], [True, "granted"], [True, "denied"]]
    assert cookies(page, url) == {"bareme_consent": "denied"}


@pytest.mark.django_db
def test_a_change_of_the_setting_reaches_the_script(client, settings):
    settings.CONSENT_REQUIRED = []
    assert b"consentRequired = false" in client.get("/t/bareme.js").content
    consent_policies.decide("web_tracking", True)
    assert b"consentRequired = true" in client.get("/t/bareme.js").content
    assert client.get("/t/banner.js")["Content-Type"].startswith("text/javascript")


@pytest.mark.parametrize(("name", "most"), [("bareme.js", 9_500), ("banner.js", 4_500), ("banner.css", 2_000)])
def test_the_scripts_stay_small(name, most):
    source = Path(finders.find(f"tracking/{name}")).read_bytes()
    assert len(source) < most
    assert len(gzip.compress(source)) < most / 2
