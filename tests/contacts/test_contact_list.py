"""How the contact list sorts, counts and searches where there are too many contacts for one statement."""

import pytest
from django.urls import reverse

from contacts import sampling, search
from contacts.admin.contact_list import SamplingPaginator, by_company, by_stage
from contacts.admin_base import CappedPaginator
from contacts.models import Contact, Stage
from contacts.sql import contacts as contacts_of
from tests.factories import CompanyFactory, ContactFactory, UserFactory

pytestmark = pytest.mark.django_db


def everybody(ids):
    return Contact.objects.order_by() if ids is None else contacts_of(ids)


@pytest.fixture
def people():
    """Two in the first company and stage, one in each of the others, two without any."""
    companies = [CompanyFactory(name=name) for name in ("bolt", "Acme", "Core")]
    stages = [Stage.objects.create(name=name, position=number) for number, name in enumerate(("Lead", "Customer"))]
    return [
        ContactFactory(company=companies[0], stage=stages[0]).pk,
        ContactFactory(company=companies[0], stage=stages[0]).pk,
        ContactFactory(company=companies[1], stage=stages[1]).pk,
        ContactFactory(company=companies[2]).pk,
        ContactFactory().pk,
        ContactFactory().pk,
    ]


def test_contacts_are_sorted_by_company_and_those_without_come_last(people):
    anne, bob, carl, dora, emma, fred = people

    assert by_company(everybody, 0, 9, lowest=True) == [carl, bob, anne, dora, fred, emma]
    assert by_company(everybody, 0, 9) == [dora, bob, anne, carl, fred, emma]


def test_contacts_are_sorted_by_stage_and_those_without_come_last(people):
    anne, bob, carl, dora, emma, fred = people

    assert by_stage(everybody, 0, 9, lowest=True) == [bob, anne, carl, fred, emma, dora]
    assert by_stage(everybody, 0, 9) == [carl, bob, anne, fred, emma, dora]


@pytest.mark.parametrize("page", [by_company, by_stage])
@pytest.mark.parametrize("size", [1, 2, 4])
def test_pages_follow_one_another_without_a_gap(people, page, size):
    whole = page(everybody, 0, len(people))

    assert [pk for start in range(0, 8, size) for pk in page(everybody, start, size)] == whole


def test_a_click_on_company_or_stage_sorts_the_list_by_it(client, people):
    client.force_login(UserFactory(is_superuser=True))
    address = reverse("admin:contacts_contact_changelist")

    def listed(query):
        return [contact.pk for contact in client.get(f"{address}?{query}").context["cl"].result_list]

    assert listed("o=2") == by_company(everybody, 0, 9, lowest=True)
    assert listed("o=-3") == by_stage(everybody, 0, 9)
    assert listed("o=-3&stage=none") == [people[5], people[4], people[3]]


def test_where_a_sample_says_there_are_many_nobody_is_counted(monkeypatch, django_assert_num_queries):
    monkeypatch.setattr(sampling, "SIZE", 10**9)  # all ids there are
    ContactFactory.create_batch(40)
    paginator = SamplingPaginator(Contact.objects.order_by("pk"), 1)
    paginator.limit = 2

    with django_assert_num_queries(2):  # the last id and the sample
        assert (paginator.count, paginator.is_capped) == (2, True)


def test_few_are_counted_one_by_one():
    people = ContactFactory.create_batch(40)
    rows = Contact.objects.filter(pk__in=[people[0].pk, people[1].pk]).order_by("pk")

    assert SamplingPaginator(rows, 1).count == CappedPaginator(rows, 1).count == 2
    assert not sampling.are_more(rows, 1)


@pytest.mark.parametrize("text", ["ann", "ann ac", "acme", "zz", "ann@", "a%b", "a_b", "ann zz"])
def test_a_word_that_many_have_finds_the_same_people(monkeypatch, text):
    acme = CompanyFactory(name="Acme")
    for number in range(40):
        ContactFactory(first_name="Ann", email=f"ann{number}@example.com", company=acme if number % 3 == 0 else None)
    ContactFactory(first_name="a%b", last_name="a_b")
    ContactFactory(first_name="Bob", company=acme)
    contacts = Contact.objects.order_by("pk")
    usual = list(search.search(contacts, text).values_list("pk", flat=True))

    monkeypatch.setattr(search, "COMMON", 0)
    monkeypatch.setattr(sampling, "LEAST", 0)

    assert list(search.search(contacts, text).values_list("pk", flat=True)) == usual
