"""Today's scores against plain Python: values, and who is within bounds."""

from decimal import Decimal

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st

from contacts import clock
from contacts.models import Contact
from scoring import values
from scoring.models import ContactScore
from tests.cases import cases
from tests.factories import ContactFactory
from tests.scoring.undoing import trying
from tests.scoring.values.book import _is_within, build, give, group, noon, numbers, rounded, shown, worlds

pytestmark = pytest.mark.django_db


def told(which):
    return dict(values.of(which).rows().values_list("contact_id", "value"))


def test_a_value_halves_with_each_half_life(today):
    engagement, anne = group(), ContactFactory()
    give(anne, engagement, 80)

    seen = []
    for days in (0, 7, 14, 70, 700):
        today.move_to(noon(days))
        seen.append((told(engagement.pk)[anne.pk], told(None)[anne.pk]))

    assert seen == [(value, value) for value in map(Decimal, ("80.00", "40.00", "20.00", "0.08", "0.00"))]


def test_values_are_those_of_the_day_asked_about():
    engagement, anne = group(), ContactFactory()
    give(anne, engagement, 80)

    with clock.at(noon(7)):
        assert told(engagement.pk) == {anne.pk: Decimal(40)}


def test_sums_that_are_next_to_nothing_are_nothing_and_no_error(today):
    engagement, anne = group(half_life_days=1), ContactFactory()
    give(anne, engagement, 2.0**-1000)

    for days in (0, 100, 5000):
        today.move_to(noon(days))
        assert told(engagement.pk) == {anne.pk: 0}


@given(world=worlds)
@cases(quick=20)
def test_values_are_those_of_the_book_and_of_the_engine(world):
    def check():
        which = build(world)
        with time_machine.travel(noon(world["day"]), tick=False):
            expected = shown(noon(world["day"]).date())
            own = {(pk, one): value for one in which for pk, value in told(one).items()}
            assert own == expected
            assert values.current(Contact.objects.values_list("pk", flat=True)) == {
                key: value for key, value in expected.items() if key[1] is not None or _has_group(key[0])
            }

    trying(check)


def _has_group(contact_id):
    return ContactScore.objects.filter(contact=contact_id, group__isnull=False).exists()


@given(world=worlds, first=st.none() | numbers, end=st.none() | numbers)
@cases(quick=25)
def test_bounds_find_the_same_contacts_as_looking_at_each(world, first, end):
    def check():
        which = build(world)
        with time_machine.travel(noon(world["day"]), tick=False):
            expected = shown(noon(world["day"]).date())
            everybody = Contact.objects.order_by("pk")
            for one in which:
                score = values.of(one)
                found = {pk for (pk, of), value in expected.items() if of == one and _is_within(value, first, end)}
                assert set(score.between(first, end).values_list("contact_id", flat=True)) == found
                matching = [
                    pk
                    for pk in everybody.values_list("pk", flat=True)
                    if _is_within(expected.get((pk, one), Decimal()), first, end)
                ]
                for among, paged in ((None, False), (None, True), (everybody, False)):
                    condition = score.contacts(first, end, among, paged=paged)
                    assert list(everybody.filter(condition).values_list("pk", flat=True)) == matching

    trying(check)


@pytest.mark.parametrize("bound", ["11.99", "12", "12.004", "12.005", "12.01"])
@pytest.mark.parametrize("forward", [11.994999, 11.995, 12.004999, 12.005])
def test_a_bound_in_the_middle_of_a_cent_is_met_by_what_is_shown(bound, forward):
    engagement, anne = group(), ContactFactory()
    give(anne, engagement, forward)
    value = rounded(f"{forward:.15g}")

    assert values.of(engagement.pk).at_least(Decimal(bound)).exists() is (value >= Decimal(bound))
    assert values.of(engagement.pk).below(Decimal(bound)).exists() is (value < Decimal(bound))
