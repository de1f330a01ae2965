"""Who comes first: the order that indexes and the threshold algorithm give is that of a full sort."""

from decimal import Decimal

import pytest
import time_machine
from django.db.models import F
from hypothesis import given
from hypothesis import strategies as st

from contacts.models import Contact
from scoring import ranking, values
from scoring.models import ContactScore
from tests.cases import cases
from tests.factories import ContactFactory
from tests.scoring.undoing import trying
from tests.scoring.values.book import _is_within, build, give, group, noon, numbers, shown, sums, worlds

pytestmark = pytest.mark.django_db


@pytest.fixture
def shallow(monkeypatch):
    """Lists are read three at a time, and no deeper than fifty: so a dozen contacts are many."""
    for name, value in (("SHALLOW", 1), ("STEP", 2), ("DEEPEST", 50), ("CHUNK", 1)):
        monkeypatch.setattr(ranking, name, value)


@given(world=worlds, count=st.integers(1, 6), odd=st.booleans(), many=st.sampled_from([0, 3, 20_000]))
@cases(quick=30)
def test_the_first_are_those_of_a_full_sort(world, count, odd, many):
    def among(ids):
        found = Contact.objects.all() if ids is None else Contact.objects.filter(pk__in=ids)
        return found.alias(rest=F("pk") % 2).filter(rest=1) if odd else found

    def check():
        which = build(world)
        with time_machine.travel(noon(world["day"]), tick=False):
            everybody = sums(noon(world["day"]).date())
            expected = shown(noon(world["day"]).date())
            for one in which:
                ids = [row.contact_id for row in ContactScore.objects.filter(group=one) if _is_listed(row)]
                ranks = sorted((-_behind(everybody, one, pk), pk) for pk in ids if not odd or pk % 2)
                for lowest in (False, True):
                    order = [pk for _, pk in (ranks[::-1] if lowest else ranks)][:count]
                    found = values.of(one).top(count, among, lowest=lowest)
                    assert found == [(pk, expected[pk, one]) for pk in order]

    with pytest.MonkeyPatch.context() as patch:
        for name, value in (("SHALLOW", 1), ("STEP", 2), ("DEEPEST", 50), ("CHUNK", 1), ("MANY", many)):
            patch.setattr(ranking, name, value)
        trying(check)


@given(
    world=worlds,
    count=st.integers(1, 6),
    odd=st.booleans(),
    lowest=st.booleans(),
    first=st.none() | numbers,
    end=st.none() | numbers,
)
@cases(quick=25)
def test_a_page_between_bounds_is_that_of_a_full_sort(world, count, odd, lowest, first, end):
    def among(ids):
        found = Contact.objects.all() if ids is None else Contact.objects.filter(pk__in=ids)
        return found.alias(rest=F("pk") % 2).filter(rest=1) if odd else found

    def check():
        which = build(world)
        with time_machine.travel(noon(world["day"]), tick=False):
            everybody = sums(noon(world["day"]).date())
            expected = shown(noon(world["day"]).date())
            for one in which:
                ids = [row.contact_id for row in ContactScore.objects.filter(group=one) if _is_listed(row)]
                ids = [pk for pk in ids if _is_within(expected[pk, one], first, end) and (not odd or pk % 2)]
                order = [pk for _, pk in sorted((-_behind(everybody, one, pk), pk) for pk in ids)]
                found = values.of(one).top(count, among, lowest=lowest, first=first, end=end)
                assert found == [(pk, expected[pk, one]) for pk in (order[::-1] if lowest else order)[:count]]

    with pytest.MonkeyPatch.context() as patch:
        for name, value in (("SHALLOW", 1), ("STEP", 2), ("DEEPEST", 50), ("CHUNK", 1), ("REACH", 32)):
            patch.setattr(ranking, name, value)
        trying(check)


def _is_listed(row):
    return row.group is None or not row.group.half_life_days or row.forward != 0


def _behind(everybody, which, pk):
    """What a contact is ranked by: the sum behind the value, which bounds and rounding do not level."""
    if which is None:
        return everybody[pk][None]
    row = ContactScore.objects.get(contact=pk, group=which)
    return Decimal(row.forward) if row.group.half_life_days else row.score


def test_the_first_overall_are_found_without_looking_at_everybody(shallow, django_assert_max_num_queries):
    engagement, advocacy = group(), group("Advocacy", 30)
    for number in range(60):
        contact = ContactFactory()
        give(contact, engagement, 100 - number)
        give(contact, advocacy, 100 - number)
    score = values.of(None)

    found, seen = [], []
    rows = score._sums
    score._sums = lambda ids: seen.extend(ids) or rows(ids)
    found = score.top(2)

    assert [value for _, value in found] == [200, 198]
    assert len(seen) < 10


def test_merged_contacts_are_nobody_in_a_ranking():
    engagement = group()
    anne, bob = ContactFactory(), ContactFactory()
    give(anne, engagement, 10)
    give(bob, engagement, 20)
    Contact.objects.filter(pk=bob.pk).update(merged_into=anne)

    assert [[place.contact_id for place in values.of(one).top(2)] for one in (engagement.pk, None)] == [[anne.pk]] * 2


def test_a_page_goes_on_with_those_who_have_no_row():
    engagement, people = group(), ContactFactory.create_batch(6)
    for contact, points in zip(people, [3, -1, 2], strict=False):
        give(contact, engagement, points)
    ids = [contact.pk for contact in people]
    order = [ids[0], ids[2], ids[1], ids[5], ids[4], ids[3]]

    for score in (values.of(engagement.pk), values.of(None)):
        pages = [score.page(ranking.unmerged, start, 2) for start in (0, 2, 4, 6)]
        assert pages == [order[0:2], order[2:4], order[4:6], []]
        assert score.page(ranking.unmerged, 0, 4, lowest=True) == [ids[1], ids[2], ids[0], ids[5]]
