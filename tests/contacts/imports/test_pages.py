"""Importing and exporting in the admin."""

import io

import pytest
from django.urls import reverse

from contacts.imports import jobs
from contacts.models import Contact, Import
from tests.contacts.imports.staging import staged
from tests.factories import ContactFactory, UserFactory

pytestmark = pytest.mark.django_db


def upload(client, text, name="people.csv"):
    file = io.BytesIO(text.encode())
    file.name = name
    return client.post(reverse("admin:contacts_contact_import"), {"file": file}, follow=True)


def test_a_file_is_shown_before_anything_changes_then_imported(marketer):
    answer = upload(marketer, "email,city\na@example.com,Paris\nnope,Lyon\n")
    assert "“nope” is not an email address." in answer.content.decode()
    assert Contact.objects.count() == 0

    page = reverse("admin:contacts_import_page", args=[Import.objects.get().pk])
    answer = marketer.post(page, {"start": "1", "column_0": "email", "column_1": "city"}, follow=True)

    assert answer.status_code == 200
    assert list(Contact.objects.values_list("email", "city")) == [("a@example.com", "Paris")]
    report = b"".join(marketer.get(page + "errors.csv").streaming_content).decode("utf-8-sig")
    assert report.splitlines()[1] == "nope,Lyon,3,email: “nope” is not an email address."


def test_a_large_file_is_left_to_a_worker(marketer, monkeypatch):
    monkeypatch.setattr(jobs, "INLINE", 1)
    rung = []
    monkeypatch.setattr("contacts.admin.imports.carry_import.delay", rung.append)
    upload(marketer, "email\na@example.com\nb@example.com\n")
    job = Import.objects.get()
    page = reverse("admin:contacts_import_page", args=[job.pk])

    answer = marketer.post(page, {"start": "1", "column_0": "email"}, follow=True)

    assert (rung, Contact.objects.count()) == ([job.pk], 0)
    assert "data-progress" in answer.content.decode()
    assert marketer.get(page + "status/").json() == {
        "going": True,
        "percent": 0,
        "sentence": "0 of 2 lines: 0 new, 0 updated, 0 with errors.",
    }


def test_empty_and_missing_files_give_a_form_error(marketer):
    assert "This file has a header but no lines below it." in upload(marketer, "email\n").content.decode()
    assert marketer.post(reverse("admin:contacts_contact_import"), {}).status_code == 200
    assert Import.objects.count() == 0


def test_importing_needs_the_right_to_add_and_change_and_exporting_to_view(client, django_user_model):
    client.force_login(UserFactory())
    job = staged("email\na@example.com\n")

    addresses = [
        reverse("admin:contacts_contact_import"),
        reverse("admin:contacts_contact_export"),
        reverse("admin:contacts_import_page", args=[job.pk]),
        reverse("admin:contacts_import_status", args=[job.pk]),
        reverse("admin:contacts_import_errors", args=[job.pk]),
    ]

    assert [client.get(address).status_code for address in addresses] == [403] * 5


def test_export_page_streams_the_chosen_columns(marketer):
    ContactFactory(email="a@example.com", first_name="Anne")

    answer = marketer.post(
        reverse("admin:contacts_contact_export"),
        {"format": "1", "resource": "0", "contactresource_email": "on", "contactresource_first_name": "on"},
    )

    assert b"".join(answer.streaming_content).decode() == "\ufeffemail;first_name\r\na@example.com;Anne\r\n"
