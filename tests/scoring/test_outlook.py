"""What is foreseen comes true: on the day named, and in as many days as said."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.utils import translation
from hypothesis import given

from config import pipeline
from contacts.models import Contact
from scoring import decay, ledger, sql, terms
from scoring.explain import Level, explain, levels, outlook, sentences
from scoring.models import Repeat
from tests.cases import cases
from tests.factories import ContactFactory, CustomFieldFactory, TriggerFactory
from tests.scoring.conftest import download, subject
from tests.scoring.lives import START, histories, live
from tests.scoring.posting import queries
from tests.scoring.undoing import trying

pytestmark = pytest.mark.django_db


@pytest.fixture
def now():
    with time_machine.travel(START, tick=False) as clock:
        yield clock


def level(value, group=None, **more):
    return Level(group and group.pk, Decimal(value), "trigger", **more)


def crossed(contact, *levels):
    return [(one.day, one.is_up, float(one.before), float(one.after)) for one in outlook(contact, levels).crossings]


def shown(contact):
    return {group: value for (_contact, group), value in sql.values([contact.pk], decay.today()).items()}


def test_nothing_changes_by_itself_without_fading_or_expiry(now, engagement):
    ada = ContactFactory()
    ledger.adjust(ada.pk, engagement.pk, 60, note="x")
    pipeline.drain()
    found = outlook(ada, [level(50), level(70)])

    assert list(found.crossings) == []
    assert found.ahead == {30: {None: 60, engagement.pk: 60}, 90: {None: 60, engagement.pk: 60}}


def test_fading_falls_below_a_threshold_on_the_day_named(now, engagement):
    terms.publish(engagement, {"half_life_days": 30})
    ada = ContactFactory()
    ledger.adjust(ada.pk, engagement.pk, 100, note="x")
    pipeline.drain()
    found = outlook(ada, [level(50, engagement), level(25), level("0.01")])

    assert [(one.level.value, one.day) for one in found.crossings] == [
        (50, date(2026, 2, 26)),  # on 25 February it is 50.00, which is not below
        (25, date(2026, 3, 28)),
        (Decimal("0.01"), date(2027, 3, 31)),
    ]
    assert {days: values[None] for days, values in found.ahead.items()} == {30: 50, 90: Decimal("12.50")}
    now.move_to(START + timedelta(days=31))
    assert shown(ada)[engagement.pk] == found.crossings[0].after < 50 <= found.crossings[0].before


def test_points_taken_away_fade_upwards(now, engagement):
    terms.publish(engagement, {"half_life_days": 10})
    ada = ContactFactory()
    ledger.adjust(ada.pk, engagement.pk, -8, note="x")
    pipeline.drain()

    assert crossed(ada, level(-4)) == [(date(2026, 2, 5), True, -4.29, -4.0)]


def test_expiry_falls_on_its_day(now, publish, engagement):
    publish(30, repeat=Repeat.ONCE_PER_OBJECT, expires_after_days=20)
    ada = ContactFactory()
    download(ada, subject("a"), START - timedelta(days=5))
    download(ada, subject("b"), START)
    pipeline.drain()

    assert crossed(ada, level(50), level(10)) == [(date(2026, 2, 10), False, 60, 30), (date(2026, 2, 15), False, 30, 0)]


@pytest.mark.parametrize(
    ("op", "days", "crossing"),
    [
        ("last_days", 30, [(date(2026, 2, 26), False, 20, 0)]),
        ("older_than", 30, [(date(2026, 2, 26), True, 0, 20)]),
    ],
)
def test_profile_rules_that_count_days_begin_and_end_on_their_day(now, publish, op, days, crossing):
    asked = {"filter": "field", "field": "created_at", "op": op, "value": days}
    publish(20, source="profile_matches", params={"conditions": {"all": [asked]}})
    ada = ContactFactory()
    pipeline.drain()

    assert crossed(ada, level(10)) == crossing
    now.move_to(START + timedelta(days=31))
    pipeline.drain()
    assert shown(ada)[None] == crossing[0][3]


def test_a_custom_date_that_comes_near_is_foreseen(now, publish):
    CustomFieldFactory(key="renewal", type="date")
    asked = {"filter": "custom", "field": "renewal", "op": "next_days", "value": 14}
    publish(20, source="profile_matches", params={"conditions": {"all": [asked]}})
    ada = ContactFactory(fields={"renewal": "2026-06-30"})
    pipeline.drain()

    assert crossed(ada, level(10)) == [(date(2026, 6, 16), True, 0, 20)]
    now.move_to(datetime(2026, 6, 16, 12, tzinfo=UTC))
    pipeline.drain()
    assert shown(ada)[None] == 20
    assert crossed(ada, level(10)) == [(date(2026, 7, 1), False, 20, 0)]


def test_the_window_of_a_profile_rule_is_foreseen(now, publish):
    french = {"all": [{"filter": "field", "field": "country", "op": "is", "value": "FR"}]}
    publish(20, source="profile_matches", params={"conditions": french}, active_until=START + timedelta(days=2))
    publish(7, source="profile_matches", params={"conditions": french}, active_from=START + timedelta(days=4))
    ada = ContactFactory(country="FR")
    pipeline.drain()

    assert crossed(ada, level(10), level(5)) == [(date(2026, 1, 28), False, 20, 0), (date(2026, 1, 28), False, 20, 0)]
    assert outlook(ada).ahead[30][None] == 7


@given(history=histories)
@cases(4)
def test_what_is_foreseen_of_any_history_comes_true(history):
    def check():
        with time_machine.travel(START, tick=False) as clock:
            ada = live(history, clock)
            foreseen = outlook(ada).ahead
            passed = 0
            for days, values in foreseen.items():
                clock.shift(timedelta(days=days - passed))
                passed = days
                pipeline.drain()
                assert {key: value for key, value in shown(ada).items() if value} == {
                    key: value for key, value in values.items() if value
                }

    trying(check)


def test_the_thresholds_of_active_triggers_are_the_levels(now, engagement):
    TriggerFactory(name="Newsletter", group=engagement, threshold=50)
    TriggerFactory(name="Off", is_active=False)
    TriggerFactory(name="Win back", threshold=10, direction="falling")

    with translation.override("en"):
        assert [(one.group_id, one.value, one.name, one.is_rising) for one in levels()] == [
            (None, 10, "trigger “Win back”", False),
            (engagement.pk, 50, "trigger “Newsletter”", True),
        ]


def test_sentences_say_what_will_happen(now, engagement, fit):
    terms.publish(engagement, {"half_life_days": 30})
    ada = ContactFactory()
    ledger.adjust(ada.pk, engagement.pk, 100, note="x")
    ledger.adjust(ada.pk, fit.pk, -5, note="x")
    pipeline.drain()
    found, statement = outlook(ada, [level(60, engagement), level(40)]), explain(ada)

    with translation.override("en"):
        assert sentences.crossings(found, statement) == [
            "Engagement will fall below 60 – trigger – on Feb. 18, 2026 if nothing happens.",
            "The overall score will fall below 40 – trigger – on Feb. 26, 2026 if nothing happens.",
        ]
        assert [(row.name, row.now, row.values) for row in sentences.ahead(found, statement)] == [
            ("The overall score", 90, [40, Decimal("2.50")]),
            ("Engagement", 100, [50, Decimal("12.50")]),
        ]


def test_the_queries_do_not_depend_on_the_lines(now, publish):
    publish(5, repeat=Repeat.ONCE_PER_OBJECT, expires_after_days=20)
    ada = ContactFactory()
    counts = []
    for number in range(3):
        download(ada, subject(f"{number}"), START - timedelta(days=number))
        pipeline.drain()
        counts.append(queries(lambda: outlook(Contact.objects.get(pk=ada.pk), [level(3)])))

    assert len(set(counts)) == 1, counts
