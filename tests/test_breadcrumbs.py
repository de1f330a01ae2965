"""The way to a page, in the head of the admin: every page under a contact names the contact, and leads back to them."""

import re

import pytest

from tests.factories import ContactFactory


@pytest.mark.parametrize(
    "address",
    [
        "/admin/contacts/contact/{}/",
        "/admin/contacts/contact/{}/change/",
        "/admin/contacts/contact/{}/history/",
        "/admin/contacts/contact/{}/merge/",
        "/admin/contacts/contact/{}/erase/",
        "/admin/scoring/contactscore/{}/time-machine/",
        "/admin/tracking/event/contact/{}/",
    ],
)
def test_every_page_under_a_contact_leads_back_to_the_contact(marketer, address):
    ada = ContactFactory(first_name="Ada", last_name="Lovelace")

    page = marketer.get(address.format(ada.pk)).text

    header = page[: page.index('id="content"')]
    links = re.findall(r'<a href="([^"]+)" class="align-middle[^>]*>([^<]+)</a>', header)
    assert links[-1] == (f"/admin/contacts/contact/{ada.pk}/", "Ada Lovelace")


def test_comparing_two_contacts_leads_back_to_the_one_who_stays(marketer):
    ada, bob = ContactFactory(first_name="Ada", last_name="Lovelace"), ContactFactory()

    page = marketer.get(f"/admin/contacts/contact/{ada.pk}/merge/{bob.pk}/").text

    assert f'<a href="/admin/contacts/contact/{ada.pk}/" class="align-middle' in page
