"""The consent banner on a page of another origin, under a strict Content-Security-Policy; and how large each script is."""

import gzip
import re

import pytest

from config.pipeline import drain
from contacts import consent_policies, consent_texts
from contacts.models import Consent
from contacts.remarks import Remark
from tests.factories import LandingPageFactory
from tests.tracking.test_in_browser import bareme, beacons, cookies, form, page, recorded, site  # noqa: F401
from tracking import embedding, experiments
from tracking.models import Event, Hit, Kind, PageVariant
from tracking.sections import new_row


def answers(page, url):  # noqa: F811
    """The cookies, of the answer only what it was."""
    return {name: value.split(".")[0] for name, value in cookies(page, url).items()}


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
    assert [hit[0] for hit in hits] == [Kind.PAGE_VISITED, Kind.CONSENT_ANSWERED]
    answer = hits[1][2]
    assert Remark.read(answer.pop("source")) == "Banner on localhost"
    assert answer == {"purpose": "web_tracking", "granted": True, "text": text.text}
    assert re.fullmatch(r"granted\.\d{10}\.en\.1", cookies(page, shop)["bareme_consent"])
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
    assert (answers(page, shop), Hit.objects.count()) == ({"bareme_consent": "denied"}, 0)
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
    assert {hit[0] for hit in recorded(page, 2)} == {Kind.PAGE_VISITED, Kind.CONSENT_ANSWERED}


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

    page.evaluate("bareme('consent', {web_tracking: true, text: 'May we?'}); bareme('consent', 'x')")
    recorded(page, 2)
    page.evaluate("bareme('consent', {web_tracking: false})")

    assert page.evaluate("heard") == [[True, ""], [True, "granted"], [True, "denied"]]
    assert answers(page, url) == {"bareme_consent": "denied"}
    answered = [hit[2] for hit in recorded(page, 2, Kind.CONSENT_ANSWERED)]
    assert [(one["granted"], one["text"]) for one in answered] == [(True, "May we?"), (False, "")]
    assert Hit.objects.filter(kind=Kind.CONSENT_ANSWERED).values("visitor_id").distinct().count() == 1
    page.evaluate("bareme('consent', 'denied')")  # as a banner does that tells its answer on every page
    page.wait_for_timeout(300)
    assert Hit.objects.filter(kind=Kind.CONSENT_ANSWERED).count() == 2


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("how", ["script", "iframe", "html"])
def test_a_no_comes_along_with_the_form_in_which_they_say_who_they_are(page, site, bareme, form, settings, how):  # noqa: F811
    settings.CONSENT_REQUIRED = ["web_tracking"]
    text = consent_texts.write("web_tracking", "en", "Shall we remember you?")
    form.fields.filter(key="size").delete()
    snippet = next(str(part.code) for part in embedding.of_form(form) if part.key == how)
    scripts = f'<script src="{bareme}/t/banner.js" async></script><script src="{bareme}/t/bareme.js" async></script>'
    page.goto(site.write(scripts + snippet))
    page.get_by_role("button", name="Refuse").click()
    place = page.frame_locator("iframe") if how == "iframe" else page
    place.get_by_label("Email").fill("ada@example.com")
    page.wait_for_timeout(1200)
    place.locator("button[type=submit]").click()
    (hit,) = recorded(page, 1)
    assert (hit[0], hit[2]["banner"]["version"], hit[2]["banner"]["language"]) == (Kind.FORM_SUBMITTED, 1, "en")

    drain()

    answer = Consent.objects.get()
    assert (answer.contact.email, answer.granted, answer.shown) == ("ada@example.com", False, text)


# --- our own landing pages ----------------------------------------------------------------------------------------------


@pytest.fixture
def landing(bareme, form, settings):  # noqa: F811
    settings.CONSENT_REQUIRED = ["web_tracking"]
    consent_texts.write("web_tracking", "fr", "Pouvons-nous vous reconnaître ?")
    form.fields.filter(key="size").delete()
    row = LandingPageFactory(
        title="Our guide", slug="guide", form=form, language="fr", privacy_url="https://shop.example/privacy",
        sections=[new_row("hero", heading="Lose less beer")],
    )  # fmt: skip
    test = experiments.draft(row, "Words")
    PageVariant.objects.filter(test=test, letter="B").update(sections=[new_row("hero", heading="Sell more beer")])
    experiments.start(test)
    return f"{bareme}/p/guide?utm_source=mail"


@pytest.mark.django_db(transaction=True)
def test_a_landing_page_asks_in_its_language_and_counts_from_a_yes_on(page, landing):  # noqa: F811
    page.goto(landing)
    page.wait_for_selector(BANNER)
    seen = page.inner_text("h1")
    assert (page.get_attribute(BANNER, "lang"), cookies(page, landing)) == ("fr", {})
    assert page.inner_text(f"{BANNER} p").startswith("Pouvons-nous vous reconnaître ?")
    assert page.get_attribute(f"{BANNER} a", "href") == "https://shop.example/privacy"
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    recorded(page, 3)
    drain()
    visit = Event.objects.get(kind=Kind.LANDING_PAGE_VISITED)
    assert str(visit.visitor_id) == cookies(page, landing)["bareme_browser"]
    assert seen == {"A": "Lose less beer", "B": "Sell more beer"}[visit.data["variant"]]

    page.reload()
    assert (page.inner_text("h1"), page.query_selector(BANNER)) == (seen, None)
    page.get_by_label("Email").fill("ada@example.com")
    page.wait_for_timeout(1200)
    page.locator("button[type=submit]").click()
    page.get_by_text("Merci").wait_for()
    drain()
    answer = Consent.objects.get()
    assert (answer.contact.email, answer.granted, answer.shown.language) == ("ada@example.com", True, "fr")
    assert answer.source == "Banner on 127.0.0.1"
    assert page.complaints == []


@pytest.mark.django_db(transaction=True)
def test_a_no_on_a_landing_page_holds_and_can_be_changed(page, landing):  # noqa: F811
    page.goto(landing)
    page.wait_for_selector(BANNER)
    page.locator(f"{BANNER} button").first.click()
    page.wait_for_timeout(300)
    assert (answers(page, landing), page.query_selector(BANNER)) == ({"bareme_consent": "denied"}, None)
    page.reload()
    page.wait_for_function("window.baremeBanner")
    page.wait_for_timeout(200)
    assert page.query_selector(BANNER) is None

    page.locator("footer [data-bareme-consent]").click()
    assert page.evaluate("document.activeElement.className") == "bareme-banner"
    page.locator(f"{BANNER} button").last.click()
    page.wait_for_timeout(300)
    assert set(cookies(page, landing)) == {"bareme_consent", "bareme_browser"}
    assert page.complaints == []


@pytest.mark.django_db
def test_a_change_of_the_setting_reaches_the_script(client, settings):
    settings.CONSENT_REQUIRED = []
    assert b"consentRequired = false" in client.get("/t/bareme.js").content
    consent_policies.decide("web_tracking", True)
    assert b"consentRequired = true" in client.get("/t/bareme.js").content
    assert client.get("/t/banner.js")["Content-Type"].startswith("text/javascript")


@pytest.mark.parametrize("name", ["bareme.js", "banner.js"])
def test_the_scripts_stay_small(client, db, name):
    served = client.get(f"/t/{name}").content
    assert len(served) < 10_000
    assert len(gzip.compress(served)) < 5_000
