"""Why this score: what the lines say, and that they always add up."""

from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from django.utils import translation
from hypothesis import given

from config import pipeline
from scoring import decay, ledger, rules, sql, terms, valuation
from scoring.explain import explain
from scoring.models import PointGroup, Repeat
from scoring.rulebook import Rulebook
from tests.cases import cases
from tests.factories import ContactFactory, UserFactory
from tests.scoring.conftest import download, subject
from tests.scoring.lives import START, histories, live
from tests.scoring.posting import queries
from tests.scoring.undoing import trying

pytestmark = pytest.mark.django_db


def adds_up(statement):
    for part in statement.groups:
        assert sum(line.points for line in part.lines) == part.score, part.group
        assert all(line.points == line.points.quantize(decay.CENT) for line in part.lines)
    assert sum(part.weighted for part in statement.groups) + statement.limit == statement.overall


def shown(statement):
    values = {part.group.pk: part.score for part in statement.groups if part.score}
    return values | ({None: statement.overall} if statement.overall else {})


def expected(values):
    return {group: value for (_contact, group), value in values.items() if value}


@given(history=histories)
@cases(5)
def test_the_lines_add_up_to_the_scores_shown_now_and_at_any_instant(history):
    def check():
        with time_machine.travel(START, tick=False) as clock:
            ada = live(history, clock)
            statement = explain(ada, limit=history["limit"])
            adds_up(statement)
            assert shown(statement) == expected(sql.values([ada.pk], decay.today()))
            assert not [line for part in statement.groups for line in part.lines if line.kind == "pending"]
            for hours in history["asked"]:
                at = START + timedelta(hours=hours) - timedelta(days=30)
                for book in (Rulebook.as_of(at), Rulebook.current()):
                    then = explain(ada, at=at, book=book, limit=history["limit"])
                    adds_up(then)
                    assert shown(then) == expected(valuation.scores(book, [ada.pk], at))

    trying(check)


def days_ago(days):
    return START - timedelta(days=days)


@pytest.fixture
def now():
    with time_machine.travel(START, tick=False) as clock:
        yield clock


def listed(statement):
    """(name, points, note) of every line, group by group, in English."""
    return [(line.name, float(line.points), line.note) for part in statement.groups for line in part.lines]


@pytest.fixture(autouse=True)
def english():
    with translation.override("en"):
        yield


def test_a_cap_of_the_rule_is_told_where_it_bites(now, publish):
    ada = ContactFactory()
    publish(5, repeat=Repeat.ONCE_PER_OBJECT, cap_amount=2, cap_period="week")
    for number in range(3):
        download(ada, subject(f"guide {number}"), START + timedelta(minutes=number))
    pipeline.drain()

    assert listed(explain(ada)) == [
        ("asset_downloaded +5", 0, "limit reached: at most 2 times a week"),
        ("asset_downloaded +5", 5, ""),
        ("asset_downloaded +5", 5, ""),
    ]
    assert [line.is_void for line in explain(ada).groups[0].lines] == [True, False, False]


def test_a_daily_cap_for_each_object_is_told_too(now, publish):
    ada, guide = ContactFactory(), subject("guide")
    publish(5, repeat=Repeat.ALWAYS, cap_amount=10, cap_unit="points", cap_period="day", cap_per_object=True)
    for minute in range(3):
        download(ada, guide, START + timedelta(minutes=minute))
    pipeline.drain()

    note = "limit reached: at most 10 points a day, for each object; happened 3 times, counts 2"
    assert listed(explain(ada)) == [("asset_downloaded +5", 10, note)]


def test_what_the_cap_of_the_group_cuts_is_told(now, publish, engagement):
    ada = ContactFactory()
    terms.publish(engagement, {"cap_points": 8, "cap_period": "month"})
    publish(5, repeat=Repeat.ONCE_PER_OBJECT)
    for number in range(2):
        download(ada, subject(f"guide {number}"), START + timedelta(minutes=number))
    pipeline.drain()

    cut = "2 of 5 points not counted: the group takes at most 8 points a month"
    assert listed(explain(ada)) == [("asset_downloaded +5", 3, cut), ("asset_downloaded +5", 5, "")]


def test_points_expire_on_a_day_and_say_so_before_and_after(now, publish):
    ada = ContactFactory()
    publish(5, repeat=Repeat.ONCE_PER_OBJECT, expires_after_days=10)
    download(ada, subject("old"), days_ago(10))
    download(ada, subject("new"), days_ago(9))
    pipeline.drain()

    assert listed(explain(ada)) == [
        ("asset_downloaded +5", 5, "expires on Jan. 27, 2026"),
        ("asset_downloaded +5", 0, "expired on Jan. 26, 2026"),
    ]
    assert listed(explain(ada, at=days_ago(1))) == [
        ("asset_downloaded +5", 5, "expires on Jan. 27, 2026"),
        ("asset_downloaded +5", 5, "expires on Jan. 26, 2026"),
    ]


def test_faded_points_show_cents_that_add_up(now, publish, engagement):
    terms.publish(engagement, {"half_life_days": 30})
    ada = ContactFactory()
    publish(10, repeat=Repeat.ONCE_PER_OBJECT)
    for days in (1, 2, 3, 60):
        download(ada, subject(f"{days}"), days_ago(days))
    pipeline.drain()
    part = explain(ada).groups[0]

    assert [(line.earned, line.age, float(line.points)) for line in part.lines] == [
        (10, 1, 9.77),
        (10, 2, 9.55),
        (10, 3, 9.33),
        (10, 60, 2.5),
    ]
    assert [line.note for line in part.lines][::3] == ["+10 a day ago, fading", "+10 60 days ago, fading"]
    assert part.score == Decimal("31.15")


def test_lines_name_their_version_and_whose_points_they_are_worth(now, publish):
    ada = ContactFactory()
    action = publish(5)
    download(ada, subject("guide"), days_ago(3))
    pipeline.drain()
    action.points = 8
    action.save()
    version = rules.draft(action, action, None)
    rules.put_into_force(action, version, START, rules.Scope.PAST)
    ledger_line = explain(ada).groups[0].lines[0]

    assert (ledger_line.version, ledger_line.priced_by, ledger_line.each) == (1, 2, 8)
    assert ledger_line.note == "counted by version 1, worth what version 2 gives: +8 instead of +5"
    # The scores follow in the background; until then the statement still adds up, and says why.
    assert listed(explain(ada))[1:] == [("a change of the rules that is still being carried out", -3, "")]
    adds_up(explain(ada))


def test_a_line_that_an_earlier_version_was_paid_for_says_so(now, publish):
    ada, guide = ContactFactory(), subject("guide")
    action = publish(5, repeat=Repeat.ONCE_PER_OBJECT)
    download(ada, guide, days_ago(3))
    action.points = 8
    action.save()
    rules.publish(action, since=days_ago(2))
    download(ada, guide, days_ago(1))
    pipeline.drain()

    taken = "already counted under an earlier version of the rule"
    assert listed(explain(ada)) == [("asset_downloaded +5", 0, taken), ("asset_downloaded +5", 5, "")]
    assert listed(explain(ada, at=START)) == listed(explain(ada))


def test_what_an_archived_rule_gave_stays_and_says_so(now, publish):
    ada = ContactFactory()
    kept, action = publish(1), publish(5)
    download(ada, subject("guide"), days_ago(3))
    pipeline.drain()
    rules.archive(action)
    kept.is_active = False
    kept.save()
    rules.publish(kept)

    assert set(listed(explain(ada))) == {
        ("asset_downloaded +5", 5, "the rule has been archived since"),
        ("asset_downloaded +1", 1, "the rule is switched off now"),
    }


def test_lowest_and_highest_scores_are_lines_of_their_own(now, engagement, fit):
    ada = ContactFactory()
    terms.publish(engagement, {"ceiling": 50})
    terms.publish(fit, {"floor": -5})
    terms.publish_overall(None, 20)
    ledger.adjust(ada.pk, engagement.pk, 60, note="a")
    ledger.adjust(ada.pk, fit.pk, -9, note="b")
    pipeline.drain()
    statement = explain(ada)

    assert listed(statement) == [
        ("By hand", 60, "a"),
        ("limited to the highest score (50)", -10, ""),
        ("By hand", -9, "b"),
        ("raised to the lowest score (−5)", 4, ""),
    ]
    assert [part.weighted for part in statement.groups] == [50, -10]
    assert (statement.limit, statement.limit_name) == (-20, "limited to the highest score")
    adds_up(statement)


def test_weighted_groups_add_up_to_the_cent():
    groups = [PointGroup.objects.create(name=name, weight="0.33", half_life_days=30) for name in "ABC"]
    ada = ContactFactory()
    with time_machine.travel(START, tick=False) as clock:
        for group in groups:
            ledger.adjust(ada.pk, group.pk, 1, note="x")
        pipeline.drain()
        clock.shift(timedelta(days=10))  # 0.79 in each: 0.2607 of the overall score
        statement = explain(ada)

    assert statement.overall == Decimal("0.78")
    assert [part.weighted for part in statement.groups] == [Decimal("0.26")] * 3
    adds_up(statement)


def test_an_adjustment_counts_from_its_moment_on(now, engagement):
    ada = ContactFactory()
    ledger.adjust(ada.pk, engagement.pk, 4, note="now")
    pipeline.drain()

    assert explain(ada, at=days_ago(1)).overall == 0
    assert listed(explain(ada, at=START)) == [("By hand", 4, "now")]


def test_the_past_has_the_rules_of_then_or_those_of_today(now, publish):
    ada = ContactFactory()
    action = publish(5)
    download(ada, subject("guide"), days_ago(3))
    pipeline.drain()
    now.shift(timedelta(days=2))
    action.points = 8
    action.save()
    rules.put_into_force(action, rules.draft(action, action, None), START + timedelta(days=2), rules.Scope.PAST)

    assert explain(ada, at=START).overall == 5
    assert explain(ada, at=START, book=Rulebook.current()).overall == 8
    assert explain(ada, book=Rulebook.current()).overall == 8


def test_older_lines_are_summed_up(now, publish, engagement, fit):
    ada = ContactFactory()
    publish(5, repeat=Repeat.ONCE_PER_OBJECT)
    for number in range(4):
        download(ada, subject(f"{number}"), days_ago(number + 1))
    ledger.adjust(ada.pk, engagement.pk, 1, note="newest")
    ledger.adjust(ada.pk, fit.pk, 1, note="in another group")
    pipeline.drain()

    newest = [("By hand", 1, "newest"), ("asset_downloaded +5", 5, ""), ("3 older lines", 15, "")]
    for statement in (explain(ada, limit=2), explain(ada, limit=2, at=START)):
        assert listed(statement) == [*newest, ("By hand", 1, "in another group")]
        adds_up(statement)


def test_one_group_alone_is_explained_and_the_overall_score_stays(now, engagement, fit):
    ada = ContactFactory()
    ledger.adjust(ada.pk, engagement.pk, 4, note="a")
    ledger.adjust(ada.pk, fit.pk, 3, note="b")
    pipeline.drain()

    for statement in (explain(ada, group=fit), explain(ada, group=fit, at=START)):
        assert (listed(statement), statement.overall, statement.is_whole) == ([("By hand", 3, "b")], 10, False)
    assert explain(ada).is_whole


@pytest.mark.parametrize("at", [None, START])
def test_the_queries_do_not_depend_on_the_lines(now, publish, engagement, at):
    ada = ContactFactory()
    publish(5, repeat=Repeat.ONCE_PER_OBJECT)
    publish(1, repeat=Repeat.DAILY, expires_after_days=2)
    counts = []
    for number in (1, 2, 3):
        download(ada, subject(f"guide {number}"), days_ago(number))
        ledger.adjust(ada.pk, engagement.pk, 1, note="x", author=UserFactory())
        pipeline.drain()
        counts.append(queries(lambda: explain(ada, at=at, limit=200)))

    assert len(set(counts)) == 1, counts
    assert counts[0] <= 20
