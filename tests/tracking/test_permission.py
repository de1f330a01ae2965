"""What consent allows of what comes in: whose it is, and whether it counts."""

from datetime import timedelta

import pytest

from config import pipeline
from contacts import consent, merging
from scoring import reconciliation
from scoring.models import ContactScore, PointEntry, Repeat
from tests.factories import FormFieldFactory, LinkFactory, SubjectFactory
from tests.scoring.conftest import happen
from tests.tracking.visiting import AT, BROWSER, OTHER, click, identify, known_as, owners, submit, visit
from tracking.models import Event, Kind, Visitor

pytestmark = pytest.mark.django_db


def test_an_open_without_consent_is_kept_without_a_name_and_earns_nothing(ada, publish):
    publish(5, source="email_opened")
    email = SubjectFactory()
    url = "https://bareme.example/t/o/token?email=ada@example.com#x"
    happen(ada, Kind.EMAIL_OPENED, email, AT, visitor_id=BROWSER, message_id=7, ip="192.0.2.0", url=url, user_agent="x")
    pipeline.drain()

    [event] = Event.objects.filter(kind=Kind.EMAIL_OPENED)
    assert (event.subject, event.contact, event.visitor_id, event.message_id) == (email, None, None, None)
    assert event.data == {"url": "https://bareme.example/t/o/token"}
    assert PointEntry.objects.count() == 0


def test_an_open_counts_while_opens_may_be_tracked_and_one_after_withdrawal_is_nobodys(ada, publish):
    publish(5, source="email_opened", repeat=Repeat.ALWAYS)
    email = SubjectFactory()
    consent.give(ada, "email_tracking")
    happen(ada, Kind.EMAIL_OPENED, email, AT)
    pipeline.drain()
    assert ContactScore.objects.get(group=None).score == 5

    consent.withdraw(ada, "email_tracking")
    happen(ada, Kind.EMAIL_OPENED, email, AT)
    pipeline.drain()
    assert owners(Kind.EMAIL_OPENED) == ["ada@example.com", None]
    assert ContactScore.objects.get(group=None).score == 0  # a refusal takes the points of what it covers

    consent.give(ada, "email_tracking")
    pipeline.drain()
    assert ContactScore.objects.get(group=None).score == 5  # of the open that is theirs


def test_links_count_unless_refused(ada, bob):
    consent.withdraw(bob, "link_tracking")
    click(ada, None)
    click(bob, None)
    pipeline.drain()

    assert owners(Kind.EMAIL_CLICKED) == ["ada@example.com", None]


def test_a_refused_click_does_not_tell_whose_browser_it_was_in(ada, bob):
    consent.withdraw(bob, "link_tracking")
    click(bob)
    visit()
    pipeline.drain()
    assert (Visitor.objects.get().contact, owners(Kind.PAGE_VISITED)) == (None, [None])

    click(ada)
    pipeline.drain()
    assert (Visitor.objects.get().contact, owners(Kind.PAGE_VISITED)) == (ada, ["ada@example.com"])


def test_an_open_that_may_not_be_known_of_does_not_tell_whose_browser_it_was_in(ada, settings):
    settings.CONSENT_REQUIRED = ["email_tracking"]
    happen(ada, Kind.EMAIL_OPENED, SubjectFactory(), AT, visitor_id=BROWSER)
    visit()
    pipeline.drain()

    assert owners() == [None]


def test_a_page_needs_a_browser_that_agreed_or_a_contact_who_did(ada, bob):
    consent.give(bob, "web_tracking")
    for contact, visitor in ((ada, None), (ada, BROWSER), (bob, None)):
        happen(contact, Kind.PAGE_VISITED, at=AT, visitor_id=visitor, url="https://shop.example/")
    pipeline.drain()

    assert owners() == [None, "ada@example.com", "bob@example.com"]


@pytest.mark.parametrize("together_", [True, False], ids=["in one batch", "in two batches"])
def test_visits_are_not_claimed_by_who_refuses_to_be_followed(ada, publish, together_):
    publish(5, source="page_visited")
    publish(7, source="asset_downloaded")
    consent.withdraw(ada, "web_tracking")
    visit()
    happen(None, Kind.ASSET_DOWNLOADED, SubjectFactory(type="asset"), AT, visitor_id=BROWSER)
    if not together_:
        pipeline.drain()
    identify("ada@example.com")
    pipeline.drain()

    assert owners() == [None]
    assert owners(Kind.ASSET_DOWNLOADED) == ["ada@example.com"]
    assert ContactScore.objects.get(group=None).score == 7


def test_a_yes_given_with_a_form_counts_for_the_same_batch(ada, form):
    FormFieldFactory(form=form, key="follow", type="consent", purpose="email_tracking")
    submit(form, email="ada@example.com", consents={"email_tracking": "Yes"})
    happen(ada, Kind.EMAIL_OPENED, SubjectFactory(), AT)
    pipeline.drain()

    assert owners(Kind.EMAIL_OPENED) == ["ada@example.com"]


# --- what is answered in the same batch ---------------------------------------------------------------------------------


def answer(purpose, granted, visitor=None, email="ada@example.com", at=AT):
    by = {"email": email, "trusted": True} if email else {}
    data = {"purpose": purpose, "granted": granted, "text": "May we?", **by}
    happen(None, Kind.CONSENT_ANSWERED, at=at, visitor_id=visitor, data=data)


def nobodys_browser():
    visit()
    pipeline.drain()
    return (Visitor.objects.get(pk=BROWSER).contact, owners(Kind.EMAIL_CLICKED), owners()) == (None, [None], [None])


@pytest.mark.parametrize("first", ["answer", "click"])
def test_a_no_that_comes_with_the_click_keeps_the_browser_unknown(ada, first):
    acts = [lambda: answer("link_tracking", False), lambda: click(ada)]
    for act in acts if first == "answer" else reversed(acts):
        act()

    assert nobodys_browser()


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize("purpose", ["link_tracking", "email_tracking"])
def test_a_no_holds_from_its_moment_on_whether_it_comes_with_the_click_or_after_it(
    ada, publish, settings, together, purpose
):
    settings.CONSENT_REQUIRED = []
    source, kind = {
        "link_tracking": ("email_clicked", Kind.EMAIL_CLICKED),
        "email_tracking": ("email_opened", Kind.EMAIL_OPENED),
    }[purpose]
    publish(5, source=source, repeat=Repeat.ALWAYS)
    about = LinkFactory().subject if purpose == "link_tracking" else SubjectFactory()
    seconds = iter(range(9))

    def then(act):
        act(AT + timedelta(seconds=next(seconds)))
        if not together:
            pipeline.drain()

    def is_done(browser):
        then(lambda at: happen(ada, kind, about, at, visitor_id=browser))

    is_done(BROWSER)
    then(lambda at: answer(purpose, False, at=at))
    is_done(OTHER)
    pipeline.drain()
    assert owners(kind) == ["ada@example.com", None]
    assert (known_as(BROWSER), Visitor.objects.filter(pk=OTHER, contact=ada).exists()) == (ada, False)
    assert (PointEntry.objects.count(), ContactScore.objects.get(contact=ada, group=None).score) == (0, 0)

    then(lambda at: answer(purpose, True, at=at))
    is_done(BROWSER)
    then(lambda at: answer(purpose, False, at=at))
    then(lambda at: answer(purpose, True, at=at))
    pipeline.drain()
    assert owners(kind) == ["ada@example.com", None, "ada@example.com"]
    assert ContactScore.objects.get(contact=ada, group=None).score == 10
    assert [found for _count, some in reconciliation.findings() for found in some] == []


@pytest.mark.parametrize("together", [True, False])
def test_a_yes_holds_from_its_moment_on(ada, settings, together):
    settings.CONSENT_REQUIRED = ["link_tracking"]
    click(ada, at=AT)
    for number, granted in enumerate((True, False), 1):
        if not together:
            pipeline.drain()
        answer("link_tracking", granted, at=AT + timedelta(minutes=2 * number))
        click(ada, at=AT + timedelta(minutes=2 * number + 1))
    pipeline.drain()

    assert owners(Kind.EMAIL_CLICKED) == [None, "ada@example.com", None]


def test_a_no_in_a_browser_of_theirs_that_comes_with_a_click_in_another_holds_there(ada):
    click(ada)
    answer("link_tracking", False, OTHER, email=None)
    identify("ada@example.com", OTHER)

    assert nobodys_browser()


def test_a_no_to_an_address_that_was_merged_away_holds_and_goes_back_when_that_is_undone(ada, bob):
    merge = merging.merge(ada.pk, bob.pk)
    answer("link_tracking", False, email="bob@example.com")
    click(ada)
    assert nobodys_browser()

    merging.undo(merge)
    pipeline.drain()

    assert consent.allowed("link_tracking", [ada.pk, bob.pk]) == {ada.pk}
    assert Visitor.objects.get(pk=BROWSER).contact is None


def test_of_two_answers_that_come_with_a_click_the_later_holds_whatever_their_order(ada, settings):
    settings.CONSENT_REQUIRED = ["link_tracking"]
    answer("link_tracking", True, at=AT)
    answer("link_tracking", False, at=AT - timedelta(minutes=1))
    click(ada)
    visit()
    pipeline.drain()

    assert (known_as(), owners(Kind.EMAIL_CLICKED), owners()) == (ada, ["ada@example.com"], ["ada@example.com"])


def test_an_old_no_that_comes_with_a_click_is_no_news_after_a_yes(ada):
    consent.give(ada, "link_tracking")
    answer("link_tracking", False)
    click(ada)
    pipeline.drain()

    assert known_as() == ada


def test_a_yes_in_a_form_that_comes_with_a_click_in_another_browser_holds_there(ada, form, settings):
    settings.CONSENT_REQUIRED = ["link_tracking"]
    click(ada)
    submit(form, OTHER, email="ada@example.com", consents={"link_tracking": "Yes"})
    pipeline.drain()

    assert (known_as(), owners(Kind.EMAIL_CLICKED)) == (ada, ["ada@example.com"])


def test_whoever_refuses_to_be_followed_on_pages_is_not_recognised_by_a_pass_that_is_out(ada):
    consent.withdraw(ada, "web_tracking")
    happen(ada, Kind.PAGE_VISITED, at=AT, visitor_id=BROWSER, url="https://shop.example/")
    happen(None, Kind.CUSTOM, at=AT, visitor_id=BROWSER, data={"name": "Trial started"})
    pipeline.drain()

    assert (known_as(), owners(), owners(Kind.CUSTOM)) == (None, [None], [None])
