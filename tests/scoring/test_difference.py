"""The difference between two scores: by rule, by what made it, and without a remainder."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.utils import translation
from hypothesis import given

from config import pipeline
from scoring import ledger, rules, terms
from scoring.decay import CENT
from scoring.explain.difference import Fate, Part, Side, difference
from scoring.models import Repeat
from scoring.rulebook import Rulebook, RuleHistory
from tests.cases import cases
from tests.factories import ContactFactory
from tests.scoring.conftest import download, subject
from tests.scoring.lives import START, histories, live
from tests.scoring.undoing import trying

pytestmark = pytest.mark.django_db


@pytest.fixture
def now():
    with translation.override("en"), time_machine.travel(START, tick=False) as clock:
        yield clock


def days_ago(days):
    return START - timedelta(days=days)


def adds_up(found):
    """Parts to rules, rules to groups, groups to the overall score; and every rule is what the statements say of it."""
    for group in found.groups:
        for rule in group.rules:
            if rule.kind != "limit":
                assert sum(rule.parts.values()) == rule.points, rule
            assert all(part == part.quantize(CENT) for part in rule.parts.values())
        assert sum(rule.points for rule in group.rules) == group.points
        assert (sum(rule.before for rule in group.rules), sum(rule.after for rule in group.rules)) == (
            group.before,
            group.after,
        )
    assert sum(group.of_overall for group in found.groups) + found.limit == found.points


@given(history=histories)
@cases(5)
def test_the_parts_of_any_two_scores_add_up_to_their_difference(history):
    def check():
        with time_machine.travel(START, tick=False) as clock:
            ada = live(history, clock)
            moments = [START + timedelta(hours=hours) - timedelta(days=30) for hours in history["asked"]]
            sides = [Side(at, book) for at in moments for book in (Rulebook.as_of(at), Rulebook.current())]
            for before, after in zip([sides[-1], *sides], sides, strict=False):
                adds_up(difference(ada, before, after))

    trying(check)


@given(history=histories)
@cases(3)
def test_a_history_of_rules_has_the_rulebook_of_each_moment(history):
    def check():
        with time_machine.travel(START, tick=False) as clock:
            live(history, clock)
            loaded = RuleHistory.load(START - timedelta(days=40), datetime.now(UTC))
            for at in loaded.turns:
                for moment in (at, at - timedelta(microseconds=1)):
                    one, other = loaded.at(moment), Rulebook.as_of(moment)
                    assert (set(one.intervals), one.terms) == (set(other.intervals), other.terms)

    trying(check)


def compared(contact, before, after, **books):
    before, after = days_ago(before), days_ago(after)
    found = difference(
        contact,
        Side(before, books.get("first") or Rulebook.as_of(before)),
        Side(after, books.get("last") or Rulebook.as_of(after)),
    )
    adds_up(found)
    return found


def told(found):
    return [
        (rule.name, {part.value: float(value) for part, value in rule.parts.items()})
        for group in found.groups
        for rule in group.moved
    ]


def test_it_tells_what_happened_from_what_faded_and_what_expired(now, publish, engagement):
    terms.publish(engagement, {"half_life_days": 10})
    publish(40, repeat=Repeat.ONCE_PER_OBJECT)
    publish(8, source="email_opened")
    publish(20, repeat=Repeat.DAILY, expires_after_days=15)
    ada = ContactFactory()
    download(ada, subject("old"), days_ago(20))
    download(ada, subject("new"), days_ago(5))
    ledger.adjust(ada.pk, engagement.pk, 3, note="met at the fair")
    pipeline.drain()
    now.shift(timedelta(days=1))
    book = Rulebook.current()
    found = compared(ada, 10, 0, first=book, last=book)

    assert told(found) == [
        ("asset_downloaded +40", {"happened": 40.0, "faded": -21.71}),
        # The old 20 were worth 10 then, and 7.07 when they expired five days later.
        ("asset_downloaded +20", {"happened": 20.0, "faded": -8.79, "expired": -7.07}),
        ("By hand", {"happened": 3.0}),
    ]


def test_a_change_of_the_rules_is_told_apart_from_the_time_that_passed(now, publish):
    ada = ContactFactory()
    action, gone = publish(5, repeat=Repeat.ONCE_PER_OBJECT), publish(2)
    download(ada, subject("first"), days_ago(3))
    pipeline.drain()
    now.shift(timedelta(days=2))
    download(ada, subject("second"), days_ago(-1))
    action.points = 8
    action.save()
    today = datetime.now(UTC)
    rules.put_into_force(action, rules.draft(action, action, None), today, rules.Scope.PAST)
    new = publish(1, source="email_opened")
    pipeline.drain()
    found = compared(ada, 0, -2)

    assert told(found) == [("asset_downloaded +5", {"happened": 5.0, "changed": 6.0})]
    [rule] = [rule for rule in found.groups[0].rules if rule.action_id == action.pk]
    assert (rule.before, rule.after, rule.fate) == (5, 16, Fate.KEPT)
    without = Rulebook.current().only([action.pk, new.pk])
    assert [rule.fate for rule in compared(ada, -2, -2, last=without).groups[0].rules if rule.action_id == gone.pk] == [
        Fate.GONE
    ]
    assert told(compared(ada, -2, -2, first=without)) == [("asset_downloaded +2", {"changed": 2.0})]


def test_limits_are_lines_of_their_own_and_weights_lead_to_the_overall_score(now, publish, engagement, fit):
    ada = ContactFactory()
    terms.publish(engagement, {"ceiling": 12})
    terms.publish_overall(None, 20)
    publish(5, repeat=Repeat.ONCE_PER_OBJECT)
    publish(4, group=fit)
    for number in range(3):
        download(ada, subject(f"{number}"), days_ago(number))
    pipeline.drain()
    book = Rulebook.current()
    found = compared(ada, 3, 0, first=book, last=book)

    assert [(rule.name, rule.points) for rule in found.groups[0].rules] == [
        ("asset_downloaded +5", 15),
        ("limit of the group", -3),
    ]
    assert [(group.points, group.of_overall) for group in found.groups] == [(12, 12), (4, 8)]
    assert (found.points, found.limit) == (Decimal(20), 0)
    [half] = [replace(one, weight=Decimal("0.5")) for one in book.terms if one.id == engagement.pk]
    assert [
        (group.points, group.of_overall) for group in compared(ada, 0, 0, first=book, last=book.with_terms(half)).groups
    ] == [(0, -6), (0, 0)]


def test_what_stayed_the_same_is_no_part(now, publish):
    ada = ContactFactory()
    publish(5)
    download(ada, subject("x"), days_ago(9))
    pipeline.drain()
    found = compared(ada, 3, 0, first=Rulebook.current(), last=Rulebook.current())

    assert (told(found), [rule.name for rule in found.groups[0].still]) == ([], ["asset_downloaded +5"])
    assert Part.HAPPENED not in found.groups[0].still[0].parts
