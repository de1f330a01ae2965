"""Contacts as CSV: every column our import reads, and no formula."""

import csv
import io

import pytest

from contacts import exports
from contacts.imports import targets
from contacts.models import Contact
from tests.contacts.imports.staging import imported
from tests.factories import ContactFactory, CustomFieldFactory, TagFactory

pytestmark = pytest.mark.django_db


def exported(**options):
    lines = "".join(exports.stream(Contact.objects.order_by("email"), exports.Csv(), **options))
    return list(csv.reader(io.StringIO(lines)))


def test_export_writes_every_column_our_import_reads():
    CustomFieldFactory(key="focus", type="choices", choices=["A", "B"])
    contact = ContactFactory(email="a@example.com", fields={"focus": ["A", "B"]})
    contact.tags.set([TagFactory(name="x"), TagFactory(name="y")])

    header, row = exported()

    assert targets.guess(header)[:2] == ["email", "first_name"]
    assert [name for name, key in zip(header, targets.guess(header), strict=True) if not key] == ["created_at"]
    assert dict(zip(header, row, strict=True))["tags"] == "x|y"
    assert dict(zip(header, row, strict=True))["focus"] == "A|B"


@pytest.mark.parametrize("cell", ["=1+1", "+cmd", "-2+3", "@SUM(A1)", "\tx", "＝1+1", "＋cmd", "－2", "＠SUM(A1)"])
def test_export_makes_formulas_harmless(cell):
    ContactFactory(email="a@example.com", first_name=cell)

    assert exported(only=["email", "first_name"])[1] == ["a@example.com", f"'{cell}"]


def test_what_was_exported_can_be_imported_to_the_same_contacts():
    ContactFactory(email="a@example.com", first_name="=A", phone="+33612345678", job_title="－")
    text = "".join(exports.stream(Contact.objects.all(), exports.ExcelCsv()))
    Contact.objects.all().delete()

    imported(text)

    assert list(Contact.objects.values_list("email", "first_name", "phone", "job_title")) == [
        ("a@example.com", "=A", "+33612345678", "－")
    ]


def test_export_asks_as_often_for_three_contacts_as_for_one(django_assert_num_queries):
    ContactFactory()
    with django_assert_num_queries(4):  # custom fields, contacts, tags, memberships
        exported()
    ContactFactory.create_batch(2)
    with django_assert_num_queries(4):
        exported()
