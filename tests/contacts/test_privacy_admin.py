"""A person's data in the admin: copies, links to them, and erasing after the address was typed."""

import io
import json
import re
import zipfile

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission

from contacts import merging, tasks
from contacts.models import Contact, DataRequest, Erasure
from contacts.privacy import links
from tests.factories import ContactFactory, UserFactory

pytestmark = pytest.mark.django_db
SEVERAL = "/admin/contacts/contact/erase/"


@pytest.fixture
def ada(db):
    return ContactFactory(email="ada@example.com", first_name="Ada", last_name="Lovelace", language="fr")


@pytest.fixture
def admin(client):
    client.user = UserFactory(is_superuser=True)
    client.force_login(client.user)
    return client


def read(response):
    return zipfile.ZipFile(io.BytesIO(b"".join(response.streaming_content)))


def test_the_copy_is_a_post_of_those_who_may_and_leaves_a_note(admin, ada):
    address = f"/admin/contacts/contact/{ada.pk}/copy/"
    assert admin.get(address).status_code == 405
    archive = read(admin.post(address))

    assert json.loads(archive.read("data.json"))["contacts"][0]["email"] == "ada@example.com"
    assert '<html lang="fr">' in archive.read("data.html").decode()
    assert LogEntry.objects.get().object_id == str(ada.pk)


def test_erasing_asks_for_the_address_and_says_what_goes(admin, ada):
    address = f"/admin/contacts/contact/{ada.pk}/erase/"
    page = admin.get(address).content.decode()
    assert "Type ada@example.com to go on" in page
    for typed in ("", "bob@example.com", "ada"):
        assert admin.post(address, {"typed": typed}).status_code == 200
    assert Contact.objects.count() == 1

    assert admin.post(address, {"typed": " ADA@example.com", "reason": "Letter"}).status_code == 302
    assert Contact.objects.count() == 0
    assert list(Erasure.objects.values_list("by", "reason")) == [(admin.user.pk, "Letter")]
    assert admin.get(address).status_code == 404
    page = admin.get("/admin/contacts/erasure/").content.decode()
    assert "Letter" in page
    assert "ada@example.com" not in page
    assert not LogEntry.objects.filter(object_repr__icontains="ada").exists()


def test_several_are_erased_after_their_number_was_typed(admin, ada):
    bob, kept = ContactFactory(), ContactFactory()
    chosen = {"action": "erase_chosen", "_selected_action": [ada.pk, bob.pk]}
    page = admin.post("/admin/contacts/contact/", chosen).text
    assert "Type the number of contacts, 2, to go on" in page
    people = asked_for(page)
    assert people == f"{ada.pk},{bob.pk}"
    assert "This is not the same." in admin.post(SEVERAL, {"people": people, "typed": "3"}).text
    admin.post(SEVERAL, {"people": people, "typed": "2"})
    tasks.carry_erasures()

    assert list(Contact.objects.all()) == [kept]
    assert Erasure.objects.get().people == 2


def test_one_who_was_chosen_in_the_list_is_asked_about_as_on_their_page(admin, ada):
    page = admin.post("/admin/contacts/contact/", {"action": "erase_chosen", "_selected_action": [ada.pk]}).text

    assert "Type ada@example.com to go on" in page
    assert f'action="/admin/contacts/contact/{ada.pk}/erase/"' in page


def test_those_who_asked_for_it_are_erased_from_the_list_of_requests(admin, ada):
    bob, kept = ContactFactory(), ContactFactory()
    old = ContactFactory()
    asked = [DataRequest.objects.create(contact=one, kind="erasure") for one in (ada, bob, old)]
    copy = DataRequest.objects.create(contact=kept, kind="export")
    merging.merge(bob.pk, old.pk)
    chosen = {"action": "erase_those", "_selected_action": [one.pk for one in (*asked, copy)]}
    page = admin.post("/admin/contacts/datarequest/", chosen).text
    assert "Type the number of contacts, 2, to go on" in page
    assert asked_for(page) == f"{ada.pk},{bob.pk}"
    admin.post(SEVERAL, {"people": asked_for(page), "typed": "2"})
    tasks.carry_erasures()

    assert list(Contact.objects.all()) == [kept]
    assert list(DataRequest.objects.all()) == [copy]
    page = admin.post("/admin/contacts/datarequest/", chosen, follow=True).text
    assert "None of these asked to be erased." in page


def asked_for(page):
    """The numbers of the contacts that the page which asks sends on, where it sends them."""
    (form,) = re.findall(rf'<form method="post" action="{SEVERAL}".*?</form>', page, re.DOTALL)
    (people,) = re.findall(r'name="people" value="([\d,]+)"', form)
    return people


def test_only_those_who_may_erase_find_the_action(client):
    user = UserFactory()
    user.user_permissions.set(Permission.objects.filter(codename__in=["view_datarequest", "change_datarequest"]))
    client.force_login(user)
    DataRequest.objects.create(contact=ContactFactory(), kind="erasure")

    assert "erase_those" not in client.get("/admin/contacts/datarequest/").content.decode()


def test_links_are_made_for_twenty_at_a_time_and_the_others_are_not_forgotten(admin):
    asked = [DataRequest.objects.create(contact=ContactFactory(), kind="export") for _number in range(22)]
    chosen = {"action": "make_links", "_selected_action": [one.pk for one in asked]}
    page = admin.post("/admin/contacts/datarequest/", chosen, follow=True).content.decode()

    assert page.count("/f/copy/") == 20
    assert "2 more wait for their links." in page


@pytest.mark.parametrize("right", [None, "export_person", "erase_person"])
def test_each_has_a_permission_of_its_own(client, ada, right):
    user = UserFactory()
    wanted = ["view_contact", *([right] if right else [])]
    user.user_permissions.set(Permission.objects.filter(codename__in=wanted))
    client.force_login(user)
    copy = client.post(f"/admin/contacts/contact/{ada.pk}/copy/").status_code
    erase = client.get(f"/admin/contacts/contact/{ada.pk}/erase/").status_code

    assert (copy, erase) == (200 if right == "export_person" else 403, 200 if right == "erase_person" else 403)


def test_a_link_hands_one_person_their_copy_until_it_expires(admin, client, ada):
    asked = DataRequest.objects.create(contact=ada, kind="export")
    said = admin.post(
        "/admin/contacts/datarequest/", {"action": "make_links", "_selected_action": [asked.pk]}, follow=True
    ).content.decode()
    path = links.link(ada).partition("/f/")[2]
    assert "/f/copy/" in said
    client.logout()
    page = client.get(f"/f/{path}")
    assert page.status_code == 200
    assert page["Cache-Control"] == "no-store"
    assert read(client.post(f"/f/{path}")).namelist() == ["data.json", "data.html"]
    for wrong in (path[:-1], "copy/x", path + "x", "copy/" + "é" * 50):
        assert client.get(f"/f/{wrong}").status_code == 404


def test_a_link_of_who_is_gone_or_too_old_leads_nowhere(client, ada, monkeypatch):
    path = "/f/" + links.link(ada).partition("/f/")[2]
    monkeypatch.setattr(links, "DAYS", -1)
    assert client.get(path).status_code == 404
    monkeypatch.undo()
    assert client.get(path).status_code == 200
    ada.delete()
    assert client.get(path).status_code == 404
