"""A forwarded mail does not make the friend the recipient: what a browser did goes to who it turns out to be."""

import pytest

from config import pipeline
from contacts import consent
from contacts.models import Contact, Purpose
from scoring import reconciliation
from scoring.models import ContactScore, Repeat
from tests.factories import ContactFactory, FormFactory, FormFieldFactory
from tests.scoring.conftest import happen
from tests.tracking.visiting import BROWSER, OTHER, click, identify, known_as, owners, submit, visit
from tracking.models import Event, FormSubmission, Hit, Kind, Tie, Visitor

pytestmark = pytest.mark.django_db


@pytest.fixture
def form():
    form = FormFactory()
    FormFieldFactory(form=form, key="email", contact_field="email")
    return form


@pytest.fixture(params=["one batch", "a batch each"])
def step(request):
    """What happens comes in one batch or in many; the outcome is the same."""
    return (lambda: None) if request.param == "one batch" else pipeline.drain


def follow(contact, visitor=BROWSER, message=77):
    hit = click(contact, visitor)
    Hit.objects.filter(key=hit).update(message_id=message)
    return hit


def scores():
    pipeline.drain()
    assert [finding for _count, found in reconciliation.findings() for finding in found] == []
    found = ContactScore.objects.filter(group=None).exclude(score=0).order_by("contact__email")
    return {row.contact.email: int(row.score) for row in found.select_related("contact")}


def test_the_friend_who_says_who_they_are_gets_what_their_browser_did(ada, form, step, publish):
    publish(5, source="page_visited", repeat=Repeat.ALWAYS)
    publish(100, source="email_clicked", repeat=Repeat.ALWAYS)
    visit(path="/before")
    step()
    follow(ada)
    step()
    visit(path="/pricing")
    visit(path="/contact")
    step()
    submit(form, email="friend@example.com")
    step()
    visit(path="/after")

    assert scores() == {"ada@example.com": 100, "friend@example.com": 20}
    assert owners() == ["friend@example.com"] * 4
    assert owners(Kind.EMAIL_CLICKED) == ["ada@example.com"]
    assert known_as().email == "friend@example.com"


def test_what_a_pass_of_the_forwarded_link_said_goes_to_the_friend_too(ada, form, step, publish):
    publish(5, source="page_visited", repeat=Repeat.ALWAYS)
    happen(ada, Kind.PAGE_VISITED, visitor_id=BROWSER, url="https://shop.example/")
    step()
    submit(form, email="friend@example.com")
    step()
    happen(ada, Kind.PAGE_VISITED, visitor_id=BROWSER, url="https://shop.example/again")

    assert scores() == {"friend@example.com": 10}


def test_two_forwarded_mails_leave_nothing_with_either_recipient(ada, form, step, publish):
    publish(5, source="page_visited", repeat=Repeat.ALWAYS)
    bob = ContactFactory(email="bob@example.com")
    follow(ada)
    step()
    follow(bob, message=78)
    happen(bob, Kind.PAGE_VISITED, visitor_id=BROWSER, url="https://shop.example/")
    visit()
    step()
    submit(form, email="friend@example.com")

    assert scores() == {"friend@example.com": 10}
    assert owners(Kind.EMAIL_CLICKED) == ["ada@example.com", "bob@example.com"]


def test_who_gives_the_address_the_link_was_for_keeps_everything(ada, form, step, publish):
    publish(5, source="page_visited", repeat=Repeat.ALWAYS)
    follow(ada)
    visit()
    step()
    submit(form, email="ada@example.com")
    visit()

    assert scores() == {"ada@example.com": 10}
    assert Visitor.objects.get().is_sure


def test_what_was_sure_is_not_split_when_another_person_uses_the_browser(ada, form, step, publish):
    publish(5, source="page_visited", repeat=Repeat.ALWAYS)
    submit(form, email="ada@example.com")
    visit()
    step()
    submit(form, email="bob@example.com")
    visit()

    assert scores() == {"ada@example.com": 5, "bob@example.com": 5}


def test_other_browsers_of_the_recipient_are_left_alone(ada, form, step, publish):
    publish(5, source="page_visited", repeat=Repeat.ALWAYS)
    follow(ada)
    follow(ada, OTHER)
    visit()
    visit(OTHER)
    step()
    submit(form, email="friend@example.com")

    assert scores() == {"ada@example.com": 5, "friend@example.com": 5}
    assert (known_as().email, known_as(OTHER)) == ("friend@example.com", ada)


def test_a_form_without_an_address_goes_with_the_browser(ada, form, step):
    plain = FormFactory()
    follow(ada)
    submit(plain, remark="Hello")
    step()
    identify("friend@example.com")
    pipeline.drain()

    assert FormSubmission.objects.get().contact == Contact.objects.get(email="friend@example.com")
    assert owners(Kind.FORM_SUBMITTED) == ["friend@example.com"]


def test_visits_become_nobodys_where_the_friend_does_not_want_to_be_followed(ada, form, publish):
    publish(5, source="page_visited", repeat=Repeat.ALWAYS)
    friend = ContactFactory(email="friend@example.com")
    consent.withdraw(friend, Purpose.WEB_TRACKING)
    follow(ada)
    visit()
    pipeline.drain()
    submit(form, email="friend@example.com")

    assert scores() == {}
    assert owners() == [None]


def test_ties_tell_what_was_given_and_what_was_followed(ada, form):
    follow(ada)
    submit(form, email="friend@example.com")
    pipeline.drain()
    follow(ada)
    pipeline.drain()

    [followed, given] = Tie.objects.order_by("contact_id")
    assert (followed.contact, followed.given_at) == (ada, None)
    assert (given.contact.email, given.followed_at) == ("friend@example.com", None)
    assert Event.objects.filter(kind=Kind.EMAIL_CLICKED, contact=ada).count() == 2
