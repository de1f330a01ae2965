"""What almost counted: each reason is told, and what counted in full is not."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.utils import translation

from config import pipeline
from contacts import consent
from scoring import rules, terms
from scoring.explain import almost
from scoring.models import Repeat
from scoring.rulebook import Rulebook
from tests.factories import ContactFactory
from tests.scoring.conftest import download, subject
from tests.scoring.posting import queries
from tracking.models import Event, Verdict, Visitor

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 1, 26, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def now():
    with translation.override("en"), time_machine.travel(NOW, tick=False) as clock:
        yield clock


@pytest.fixture
def ada():
    return ContactFactory()


def days_ago(days):
    return NOW - timedelta(days=days)


def told(found):
    return [(one.reason, one.about, one.times, one.each, one.lost, one.why) for one in found.missed]


def test_what_counted_in_full_is_not_listed(ada, publish):
    publish(5)
    download(ada, subject("guide"), days_ago(1))
    pipeline.drain()

    assert told(almost(ada)) == []


def test_limits_are_told_with_what_they_cost(ada, publish, engagement):
    terms.publish(engagement, {"cap_points": 13})
    publish(5, repeat=Repeat.ONCE_PER_OBJECT, cap_amount=3)
    guide = subject("guide 0")
    for number in range(4):
        download(ada, subject(f"guide {number}") if number else guide, days_ago(9 - number))
    download(ada, guide, days_ago(9))
    pipeline.drain()

    expected = [
        ("cap", "guide 3", 1, 5, 5, "limit reached: at most 3 times in all"),
        ("group_cap", "guide 2", 1, 5, 2, "2 of 5 points not counted: the group takes at most 13 points a month"),
        ("repeat", "guide 0", 1, 5, None, "counts less often: Once per object"),
    ]
    assert told(almost(ada)) == expected
    assert told(almost(ada, at=NOW)) == expected
    assert told(almost(ada, at=days_ago(6.5), book=Rulebook.current())) == expected[1:]
    assert told(almost(ada, at=days_ago(6.5))) == expected[2:]  # the group had no limit then
    assert told(almost(ada, limit=1)) == expected[:1]


def test_what_expired_is_told(ada, publish):
    publish(5, expires_after_days=3)
    download(ada, subject("guide"), days_ago(4))
    pipeline.drain()

    expired = [("expired", "guide", 1, 5, 5, "expired on Jan. 25, 2026")]
    assert told(almost(ada)) == told(almost(ada, at=NOW)) == expired
    assert told(almost(ada, at=days_ago(2))) == []


@pytest.mark.parametrize(
    ("verdict", "why"),
    [
        (Verdict.PROXY, "a mail program did it by itself, not a person"),
        (Verdict.SCANNER, "a security scanner did it, not a person"),
    ],
)
def test_machines_are_told_apart_and_summed_up(ada, publish, verdict, why):
    publish(5)
    guide = subject("guide")
    for days in (1, 2, 3):
        download(ada, guide, days_ago(days))
    pipeline.drain()
    Event.objects.update(verdict=verdict)
    found = almost(ada, at=NOW)

    assert told(found) == [("machine", "guide", 3, 5, None, why)]
    assert (found.missed[0].first_at, found.missed[0].last_at) == (days_ago(3), days_ago(1))


def test_what_happened_outside_the_dates_of_the_rule_is_told(ada, publish):
    publish(5, active_from=days_ago(5), active_until=days_ago(3))
    publish(6, active_from=days_ago(1))
    publish(7, active_until=days_ago(6))
    download(ada, subject("guide"), days_ago(2))
    pipeline.drain()

    assert {one[-1] for one in told(almost(ada))} == {
        "outside the dates of the rule: it counts from Jan. 21, 2026 to Jan. 23, 2026",
        "outside the dates of the rule: it counts from Jan. 25, 2026 on",
        "outside the dates of the rule: it counts until Jan. 20, 2026",
    }


def test_what_happened_before_the_rule_or_after_its_end_is_told(ada, publish):
    guide, other = subject("guide"), subject("other")
    publish(5, since=days_ago(5))
    ended = publish(6, params={"only": [guide.pk]}, since=days_ago(20))
    narrowed = publish(7, params={"only": [other.pk]}, since=days_ago(20))
    narrowed.params = {"only": [guide.pk]}
    narrowed.save()
    rules.publish(narrowed, since=days_ago(9))
    ended.is_active = False
    ended.save()
    rules.publish(ended, since=days_ago(8))
    download(ada, guide, days_ago(7))
    download(ada, other, days_ago(6))
    pipeline.drain()

    assert sorted(told(almost(ada))) == [
        ("after", "guide", 1, 6, None, "the rule was no longer in use; it ended on Jan. 18, 2026"),
        ("after", "other", 1, 7, None, "only version 1 of the rule counted this; it ended on Jan. 17, 2026"),
        ("before", "guide", 1, 5, None, "version 1 of the rule counts from Jan. 21, 2026 on"),
        ("before", "other", 1, 5, None, "version 1 of the rule counts from Jan. 21, 2026 on"),
    ]


def test_a_draft_has_missed_nothing(ada, publish):
    action = publish(5)
    rules.draft(action, action, None)
    download(ada, subject("guide"), days_ago(1))
    pipeline.drain()

    assert told(almost(ada)) == []


def test_consents_that_are_not_given_are_told(ada, settings):
    settings.CONSENT_REQUIRED = ["web_tracking", "email_tracking"]
    consent.withdraw(ada, "link_tracking")
    found = almost(ada)

    assert [(one.purpose, one.since) for one in found.refusals] == [
        ("email_tracking", None),
        ("link_tracking", NOW),
        ("web_tracking", None),
    ]
    assert found.refusals[1].why.startswith("Link tracking: refused on Jan. 26, 2026.")
    assert [one.purpose for one in almost(ada, at=days_ago(1)).refusals] == ["email_tracking", "web_tracking"]
    Visitor.objects.create(contact=ada)  # a browser that said yes for itself
    assert [one.purpose for one in almost(ada).refusals] == ["email_tracking", "link_tracking"]
    consent.give(ada, "link_tracking")
    consent.give(ada, "email_tracking")
    assert not almost(ada)


@pytest.mark.parametrize("at", [None, NOW])
def test_the_queries_do_not_depend_on_how_much_almost_counted(ada, publish, at):
    publish(5, repeat=Repeat.ONCE_PER_OBJECT)
    publish(5, active_until=days_ago(9))
    counts = []
    for number in (1, 2, 3):
        guide = subject(f"guide {number}")
        download(ada, guide, days_ago(number))
        download(ada, guide, days_ago(number))
        pipeline.drain()
        counts.append(queries(lambda: almost(ada, at=at)))

    assert len(set(counts)) == 1, counts
