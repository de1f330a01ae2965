"""Who it was: browsers that become known, and whose visits theirs are then."""

from uuid import UUID

import pytest
from django.db import transaction

from config import pipeline
from contacts.models import Contact
from scoring.models import ContactScore, PointEntry, Repeat
from tests.factories import ContactFactory, SubjectFactory
from tests.scoring.conftest import happen
from tests.threads import together
from tests.tracking.visiting import AT, BROWSER, OTHER, click, identify, known_as, owners, visit
from tracking import inbox
from tracking.models import Hit, Kind, Visitor

pytestmark = pytest.mark.django_db


def test_what_an_unknown_browser_does_is_nobodys(publish):
    publish(5, source="page_visited")
    visit()
    pipeline.drain()

    assert owners() == [None]
    assert (known_as(), PointEntry.objects.count()) == (None, 0)


def test_earlier_visits_of_the_same_batch_become_those_of_who_is_identified(ada, publish):
    publish(5, source="page_visited", repeat=Repeat.ALWAYS)
    visit()
    identify("Ada@Example.com ")
    visit()
    visit(OTHER)
    pipeline.drain()

    assert owners() == ["ada@example.com", "ada@example.com", None]
    assert (known_as(), known_as(OTHER)) == (ada, None)
    assert list(PointEntry.objects.values_list("contact", "hits")) == [(ada.pk, 2)]


def test_visits_of_earlier_batches_are_claimed_once(ada, publish):
    publish(5, source="page_visited", repeat=Repeat.ALWAYS)
    for _ in range(2):
        visit()
        pipeline.drain()
    for _ in range(2):
        identify("ada@example.com")
        pipeline.drain()

    assert owners() == ["ada@example.com"] * 2
    assert list(PointEntry.objects.values_list("contact", "hits")) == [(ada.pk, 2)]


def test_somebody_unknown_is_made_a_contact(publish):
    identify("new@example.com")
    identify("NEW@example.com", OTHER)
    pipeline.drain()

    assert Contact.objects.get().email == "new@example.com"
    assert known_as() == known_as(OTHER) == Contact.objects.get()


@pytest.mark.parametrize(
    "email",
    ["", "no email", "a@b", None, 7, ["x"], "a" * 250 + "@example.com", "ada@exa mple.com"],
)
def test_what_is_no_email_identifies_nobody_and_harms_nobody(email):
    identify(email)
    pipeline.drain()

    assert (Contact.objects.count(), Hit.objects.count(), known_as()) == (0, 0, None)


def test_a_tracked_link_makes_a_browser_known_and_a_forwarded_one_does_not_take_it_over(ada, bob):
    visit()
    click(ada)
    pipeline.drain()
    click(bob)
    visit()
    pipeline.drain()

    assert owners(Kind.EMAIL_CLICKED) == ["ada@example.com", "bob@example.com"]
    assert owners() == ["ada@example.com"] * 2
    assert known_as() == ada


def test_an_email_given_on_a_browser_known_by_another_says_who_it_is_from_now_on(ada, bob):
    identify("ada@example.com")
    visit()
    pipeline.drain()
    identify("bob@example.com")
    visit()
    pipeline.drain()

    assert owners() == ["ada@example.com", "bob@example.com"]
    assert known_as() == bob


def test_the_email_rules_where_a_hit_carries_a_token_of_somebody_else(ada, bob):
    happen(ada, Kind.CUSTOM, None, AT, visitor_id=BROWSER, data={"name": "chat", "email": "bob@example.com"})
    pipeline.drain()

    assert owners(Kind.CUSTOM) == ["bob@example.com"]
    assert known_as() == bob


def test_a_token_of_a_merged_contact_leads_to_the_one_it_went_into_in_the_end(ada, bob):
    first = ContactFactory(merged_into=bob)
    bob.merged_into = ada
    bob.save()
    Visitor.objects.create(pk=OTHER, contact=bob)
    click(first)
    visit(OTHER)
    identify("bob@example.com", UUID(int=3))
    pipeline.drain()

    assert owners(Kind.EMAIL_CLICKED) == owners() == owners(Kind.IDENTIFIED) == ["ada@example.com"]
    assert (known_as(), known_as(UUID(int=3))) == (ada, ada)


def test_a_token_of_a_deleted_contact_is_nobodys(ada, publish):
    publish(5, source="asset_downloaded")
    happen(ada, Kind.ASSET_DOWNLOADED, SubjectFactory(type="asset"), AT)
    ada.delete()
    pipeline.drain()

    assert owners(Kind.ASSET_DOWNLOADED) == [None]
    assert (PointEntry.objects.count(), ContactScore.objects.count(), Hit.objects.count()) == (0, 0, 0)


@pytest.mark.django_db(transaction=True)
def test_two_workers_claim_the_visits_of_a_browser_once(ada, publish):
    publish(5, source="page_visited", repeat=Repeat.ALWAYS)
    for number in range(20):
        visit(path=f"/{number % 3}")
        pipeline.drain()
    identify("ada@example.com")
    identify("ada@example.com")
    visit()
    together(*[lambda: pipeline.advance(limit=1)] * 3)
    pipeline.drain()

    assert owners() == ["ada@example.com"] * 21
    assert sum(PointEntry.objects.values_list("hits", flat=True)) == 21
    assert ContactScore.objects.get(group=None).score == 105


@pytest.mark.django_db(transaction=True)
def test_a_link_in_flight_does_not_take_over_a_browser_that_gave_an_email_meanwhile(ada, bob):
    identify("bob@example.com")
    click(ada)
    by_form, by_link = inbox.waiting(2)

    def in_two_steps():
        # The link's batch has read that nobody is known; before it writes, the form's batch commits.
        with transaction.atomic():
            kinds = {"page": Kind.PAGE_VISITED, "custom": Kind.CUSTOM, "visit": Kind.LANDING_PAGE_VISITED}
            rows = inbox.sql.hold_hits([by_link], **kinds, start=Kind.FORM_STARTED)
            known = inbox.Known(rows, {})
            known.contact_of(rows[0])
            together(lambda: pipeline._in_transaction(lambda: pipeline._carry(inbox.take([by_form]))))
            known.remember(rows)

    in_two_steps()

    assert known_as() == bob
