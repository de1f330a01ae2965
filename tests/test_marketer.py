"""The marketer's half of the main job, clicked through in a browser; then a visitor comes in another one."""

import pytest
from django.contrib.auth import get_user_model
from django.core.files.base import ContentFile
from playwright.sync_api import expect

from campaigns.models import Delivery, Email, Trigger, TriggerAction
from contacts.models import Contact
from scoring.models import PointAction, PointActionVersion, PointGroup
from tests import live
from tests.campaigns.conftest import smtp  # noqa: F401 - fixture
from tests.live import until
from tracking.models import Asset, Form, FormField, LandingPage


@pytest.fixture
def site(transactional_db):
    """What is there before the marketer begins: a landing page with a form that offers the guide, and an email."""
    get_user_model().objects.create_superuser("manon", password="a long password")
    PointGroup.objects.create(name="Engagement")
    guide = Asset.objects.create(name="The guide", file=ContentFile(b"%PDF-1.4 guide", "guide.pdf"))
    form = Form.objects.create(name="Guide", thank_you=Form.ThankYou.ASSET, asset=guide)
    FormField.objects.create(form=form, key="email", label="Email", type="email", required=True, contact_field="email")
    LandingPage.objects.create(title="Our guide", slug="guide", form=form, is_published=True)
    Email.objects.create(name="Welcome", subject_line="Hello", html="<p>Hello {{ contact.first_name }}</p>")


@pytest.fixture
def worker(site, live_server, smtp, settings, tmp_path):  # noqa: F811
    with live.celery(tmp_path / "beat", live_server.url, settings) as process:
        yield process


@pytest.fixture
def marketer(site, chromium, live_server):
    """A signed-in page of the marketer's browser."""
    context = chromium.new_context(viewport={"width": 1440, "height": 1000}, locale="en-GB")
    page = context.new_page()
    page.goto(f"{live_server.url}/admin/")
    page.get_by_label("Username").fill("manon")
    page.get_by_label("Password").fill("a long password")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Is all well?")).to_be_visible()
    yield page
    context.close()


def create_point_action(page, url):
    page.goto(f"{url}/admin/scoring/pointaction/add/")
    page.locator("#id_name").fill("Downloads the guide")
    page.locator("#id_source").select_option(label="Downloads an asset")
    expect(page.get_by_text("Which assets")).to_be_visible()
    page.locator("#id_points").fill("60")
    page.locator("#id_group").select_option(label="Engagement")
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url(f"{url}/admin/scoring/pointaction/")


def create_trigger(page, url):
    page.goto(f"{url}/admin/campaigns/trigger/add/")
    page.locator("#id_name").fill("Warm lead")
    page.locator("#id_threshold").fill("50")
    page.get_by_role("link", name="Add another Action").click()
    page.locator("#id_actions-0-type").select_option(label="Send an email to the contact")
    page.locator("#id_actions-0-params__email").select_option(label="Welcome")
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_function("!location.pathname.endsWith('/add/')")


def visit(chromium, url):
    """A visitor asks for the guide and downloads it."""
    context = chromium.new_context(accept_downloads=True)
    page = context.new_page()
    page.goto(f"{url}/p/guide")
    page.get_by_label("Email").fill("camille@client.example")
    page.wait_for_timeout(1200)  # a person needs a moment
    page.locator("form button[type=submit]").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="The guide").click()
    assert download.value.path().read_bytes() == b"%PDF-1.4 guide"
    context.close()


@pytest.mark.slow
def test_a_marketer_sets_a_rule_and_a_trigger_and_sees_them_work(marketer, worker, chromium, live_server, smtp):  # noqa: F811
    create_point_action(marketer, live_server.url)
    create_trigger(marketer, live_server.url)
    assert PointAction.objects.values_list("name", "source", "points", "params").get() == (
        "Downloads the guide",
        "asset_downloaded",
        60,
        {"only": []},
    )
    assert PointActionVersion.objects.values_list("number", "author__username").get() == (1, "manon")
    assert Trigger.objects.values_list("name", "threshold", "is_active").get() == ("Warm lead", 50, True)
    assert TriggerAction.objects.values_list("type", "params").get() == (
        "send_email",
        {"email": Email.objects.get().pk},
    )

    visit(chromium, live_server.url)
    until(lambda: Delivery.objects.filter(state=Delivery.State.SENT).exists())
    assert [to for to, _ in smtp.mails] == [["camille@client.example"]]

    marketer.goto(f"{live_server.url}/admin/contacts/contact/")
    marketer.get_by_role("link", name="camille@client.example").first.click()
    assert marketer.url.endswith(f"/admin/contacts/contact/{Contact.objects.get().pk}/")
    expect(marketer.locator('[data-score="overall"]')).to_have_text("60")
    expect(marketer.locator('[data-line="Downloads the guide"]')).to_contain_text("The guide")
    marketer.get_by_role("tab", name="Actions").click()
    expect(marketer.get_by_text("Warm lead").first).to_be_visible()
    expect(marketer.get_by_text("Hello", exact=True).first).to_be_visible()
