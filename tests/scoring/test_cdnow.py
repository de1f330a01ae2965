"""The engine on real purchases: 69,659 of CDNOW's as events, ten points each, and who bought again after a day of 1997."""

from datetime import UTC, date, datetime, time
from random import Random
from statistics import fmean

import pytest
from django.utils import timezone

from config.load import sql
from contacts.models import Contact
from scoring import matching, publications, terms
from scoring.backtests import answers, books, cohorts, running
from scoring.backtests.sample import Sample
from scoring.backtests.separation import auc
from scoring.backtests.verdicts import Change, Worth, judge
from scoring.models import BackTest, Repeat
from tests.scoring import cdnow
from tracking import inbox
from tracking.models import Kind, Subject

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
LAST = date(1998, 6, 30)


@pytest.fixture
def shop(publish):
    """Every purchase at noon of its day, and the rule: ten points every time."""
    purchases = cdnow.purchases()
    purchase = Subject.objects.create(type=Subject.Type.CUSTOM, key="purchase", name="purchase")
    publish(10, "custom_event", Repeat.ALWAYS, params={"only": [purchase.pk]}, since=datetime(1990, 1, 1, tzinfo=UTC))
    matching.resolve_new()
    first = {}
    for customer, day in purchases:
        first[customer] = min(day, first.get(customer, day))
    people = [Contact(email=f"{number}@cdnow.example", created_at=noon(day)) for number, day in first.items()]
    with sql.unnoted("contacts_contact"):
        customers = dict(zip(first, Contact.objects.bulk_create(people, batch_size=5000), strict=True))
    inbox.ensure_months("tracking_event", {day.replace(day=1) for _, day in purchases})
    sql.copy(
        "tracking_event",
        ("kind", "at", "contact_id", "subject_id", "verdict"),
        (f"{Kind.CUSTOM:d}\t{noon(day)}\t{customers[number].pk}\t{purchase.pk}\t1\n" for number, day in purchases),
    )
    return purchase


def noon(day):
    return timezone.make_aware(datetime.combine(day, time(12)))


def question(shop, **fields):
    """All of them had bought before the cut: that is what the points are for."""
    return running.ask(
        BackTest(
            outcome="custom_event",
            params={"only": [shop.pk]},
            cutoff=cdnow.CUT,
            horizon_days=(LAST - cdnow.CUT).days,
            with_earlier=True,
            **fields,
        )
    )


def answer(test):
    while running.step():
        pass
    test.refresh_from_db()
    assert (test.error, test.seen, test.total) == ("", 23_570, 23_570)
    return answers.load(test.results)


def separated(report):
    return report.verdict.worth, round(report.verdict.separation.auc, 3), round(report.top.lift, 2)


def test_ten_points_a_purchase_tell_who_buys_again_and_a_half_life_tells_better(shop, engagement):
    plain = answer(question(shop))
    assert (plain.contacts, plain.reports["today"].verdict.base.count) == (23_570, 7_058)
    assert separated(plain.reports["today"]) == (Worth.GOOD, 0.751, 2.54)

    publications.add(publications.open_draft(), "point_group", engagement.pk, {"half_life_days": 60})
    both = answer(question(shop, with_draft=True))
    assert separated(both.reports["today"]) == (Worth.GOOD, 0.751, 2.54)
    assert separated(both.reports["draft"]) == (Worth.GOOD, 0.768, 2.69)
    assert (both.comparison.change, round(both.comparison.gain.value, 3)) == (Change.BETTER, 0.017)

    terms.publish(engagement, {"half_life_days": 60})
    for group in (engagement, None):
        assert separated(answer(question(shop, group=group)).reports["today"]) == (Worth.GOOD, 0.768, 2.69)


def test_with_shuffled_outcomes_the_same_scores_are_no_better_than_chance(shop, engagement):
    terms.publish(engagement, {"half_life_days": 60})
    test = question(shop)
    found = cohorts.look(test, books.read(test), list(cohorts.everybody(test).values_list("pk", flat=True)))
    shuffles = [Random(seed).sample(found.converted, len(found.converted)) for seed in range(10)]
    samples = [Sample.of(zip(found.scores["today"], shuffle, strict=True)) for shuffle in shuffles]

    assert round(auc(Sample.of(zip(found.scores["today"], found.converted, strict=True))), 3) == 0.768
    assert round(fmean(auc(sample) for sample in samples), 2) == 0.50
    assert judge(samples[0]).worth == Worth.CHANCE
