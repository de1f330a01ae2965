"""Staff erase a person by clicking and typing; the person fetches their copy by a link. And hits that come meanwhile."""

import threading
import zipfile

import pytest
from django.db import connection

from config import pipeline
from contacts import consent, privacy, tagging
from contacts.models import Contact, Purpose
from contacts.privacy import links, several
from scoring import reconciliation
from scoring.models import PointEntry, Repeat
from tests.factories import ContactFactory, TagFactory
from tests.scoring.conftest import download, subject
from tests.test_merging_in_browser import keep, marketer  # noqa: F401 - fixtures
from tests.tracking.test_in_browser import bareme, form, page, site  # noqa: F401 - fixtures
from tracking.models import Event, Hit, Visitor

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ada(publish):
    publish(5, repeat=Repeat.ALWAYS)
    ada = ContactFactory(email="ada@example.com", first_name="Ada", last_name="Lovelace", city="Paris", country="FR")
    tagging.add([ada.pk], [TagFactory(name="vip")])
    consent.give(ada.pk, Purpose.WEB_TRACKING, "Yes, you may", "Fair")
    download(ada, subject("White paper"))
    pipeline.drain()
    return ada


def test_a_person_is_erased_by_typing_their_address(marketer, live_server, ada):  # noqa: F811
    marketer.goto(f"{live_server.url}/admin/contacts/contact/{ada.pk}/")
    with marketer.expect_download() as found:
        marketer.click("text=Download a copy of everything")
    assert found.value.suggested_filename.endswith(".zip")
    marketer.click("text=Erase for good …")
    keep(marketer, "erase")
    marketer.fill("input[name=typed]", "ada@example.com")
    marketer.click("button:has-text('Erase for good')")
    marketer.wait_for_selector("text=1 person was erased.")
    marketer.goto(f"{live_server.url}/admin/contacts/erasure/")
    keep(marketer, "erasures")
    assert Contact.objects.count() == 0


def test_several_are_erased_by_typing_their_number_and_it_can_be_stopped(marketer, live_server, ada):  # noqa: F811
    for number in range(2):
        ContactFactory(email=f"person{number}@example.com")
    marketer.goto(f"{live_server.url}/admin/contacts/contact/")
    marketer.check("#action-toggle")
    marketer.select_option("select[name=action]", "erase_chosen")
    marketer.click("button[name=index]")
    keep(marketer, "erase_several")
    marketer.fill("input[name=typed]", "3")
    marketer.click("button:has-text('Erase for good')")
    marketer.wait_for_selector("text=0 of 3 people erased, 3 are left.")
    several.carry(seconds=0, at_once=1)
    marketer.wait_for_selector("text=1 of 3 people erased, 2 are left.")
    keep(marketer, "erasing")
    marketer.click("button:has-text('Stop')")
    marketer.wait_for_selector("text=2 people, because it was stopped")
    keep(marketer, "stopped")

    several.carry()
    assert Contact.objects.count() == 2


def test_the_link_and_the_page_of_the_copy(page, live_server, ada, settings):  # noqa: F811
    settings.PUBLIC_URL = live_server.url
    page.goto(links.link(ada))
    keep(page, "copy_link")
    with page.expect_download() as found:
        page.click("text=Download the copy")
    assert found.value.suggested_filename.startswith("data-")
    page.goto("about:blank")  # a page of ours takes no HTML from a script
    page.set_content(zipfile.ZipFile(found.value.path()).read("data.html").decode())
    keep(page, "copy_page")
    assert page.locator("h2").count() > 5


def test_hits_that_come_during_the_erasure_are_nobodys(ada):
    guide, browser = subject("guide"), Visitor.objects.create(contact=ada)
    stop = threading.Event()
    failed = []

    def visit():
        try:
            while not stop.is_set():
                download(ada, guide, visitor_id=browser.pk)
                pipeline.drain()
        except Exception as error:
            failed.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=visit) for _ in range(2)]
    for thread in threads:
        thread.start()
    while Event.objects.filter(contact=ada).count() < 10 and not failed:
        stop.wait(0.05)
    privacy.erase(ada.pk)
    after = Event.objects.count()
    while Event.objects.count() < after + 5 and not failed:
        stop.wait(0.05)
    stop.set()
    for thread in threads:
        thread.join()
    pipeline.drain()

    assert failed == []
    assert (Contact.objects.count(), PointEntry.objects.count()) == (0, 0)
    assert not Event.objects.filter(contact__isnull=False).exists()
    assert not Hit.objects.exists()
    assert [found for _count, some in reconciliation.findings() for found in some] == []
