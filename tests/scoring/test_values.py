"""Today's scores against plain Python: values, bounds, and the order that indexes and the threshold algorithm give."""

from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

import pytest
import time_machine
from django.contrib.auth import get_user_model
from django.db.models import Exists, F
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from campaigns import triggers
from campaigns.models import Firing, Trigger
from contacts import clock, conditions
from contacts.models import Contact
from scoring import leaderboards, ranking, values
from scoring.models import ContactScore, Leaderboard, OverallScore, PointGroup
from tests.cases import cases
from tests.factories import ContactFactory
from tests.scoring.undoing import trying

pytestmark = pytest.mark.django_db
EPOCH = date(2026, 1, 5)
CENT = Decimal("0.01")
HALF_LIVES = (None, 7, 30)


def noon(days=0):
    return datetime(2026, 1, 5, 12, tzinfo=UTC) + timedelta(days)


@pytest.fixture(autouse=True)
def today():
    with time_machine.travel(noon(), tick=False) as traveller:
        yield traveller


def group(name="Engagement", half_life_days=7, **terms):
    return PointGroup.objects.create(name=name, half_life_days=half_life_days, epoch=EPOCH, **terms)


def give(contact, group, points, overall=0):
    """A row of the group, and the overall row that is always there beside it."""
    forward = points if group.half_life_days else 0
    ContactScore.objects.create(contact=contact, group=group, score=round(points), forward=forward)
    ContactScore.objects.get_or_create(contact=contact, group=None, defaults={"score": overall})


# --- the oracle: one contact at a time, by the book ---------------------------------------------------------------------


def rounded(number):
    return Decimal(number).quantize(CENT, ROUND_HALF_UP)


def bounded(value, terms):
    value = value if terms.ceiling is None else min(value, Decimal(terms.ceiling))
    return value if terms.floor is None else max(value, Decimal(terms.floor))


def value_of(row, group, day):
    if not group.half_life_days:
        return bounded(rounded(row.score), group)
    faded = row.forward * 2.0 ** (-(day - group.epoch).days / group.half_life_days)
    return bounded(rounded(f"{faded:.15g}"), group)  # PostgreSQL makes a number of so many digits of it


def sums(day):
    """{contact: {group or None: value or sum}} of those who have a row."""
    groups = PointGroup.objects.in_bulk()
    found = {row.contact_id: {None: row.score} for row in ContactScore.objects.filter(group=None)}
    for row in ContactScore.objects.filter(group__isnull=False):
        own, one = found[row.contact_id], groups[row.group_id]
        own[one.pk] = value_of(row, one, day)
        if one.half_life_days:
            own[None] += one.weight * own[one.pk]
    return found


def shown(day):
    """{(contact, group or None): value}."""
    bounds = OverallScore.objects.first() or OverallScore()
    return {
        (pk, which): bounded(rounded(value), bounds) if which is None else value
        for pk, own in sums(day).items()
        for which, value in own.items()
    }


# --- values and bounds ------------------------------------------------------------------------------------------------


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


rows = st.fixed_dictionaries(
    {
        0: st.none() | st.integers(-30, 60),
        1: st.none() | st.integers(-30, 60) | st.floats(-200, 200, allow_nan=False, width=32),
        2: st.none() | st.integers(-30, 60) | st.floats(-200, 200, allow_nan=False, width=32),
    }
)
bounds = st.tuples(st.none() | st.integers(-30, 0), st.none() | st.integers(0, 50))
worlds = st.fixed_dictionaries(
    {
        "rows": st.lists(rows, min_size=1, max_size=12),
        "bounds": st.tuples(bounds, bounds, bounds, bounds),
        "weights": st.tuples(*[st.sampled_from(["0", "0.33", "1", "2"])] * 3),
        "day": st.integers(0, 40),
    }
)


def build(world):
    """Three groups (one that keeps its points, two of other half-lives) and contacts with rows as the engine has them."""
    OverallScore.objects.create(floor=world["bounds"][3][0], ceiling=world["bounds"][3][1])
    groups = [
        group(str(half_life), half_life, weight=Decimal(weight), floor=floor, ceiling=ceiling)
        for half_life, weight, (floor, ceiling) in zip(HALF_LIVES, world["weights"], world["bounds"], strict=False)
    ]
    for points in world["rows"]:
        contact = ContactFactory()
        kept = 0 if points[0] is None else groups[0].weight * bounded(Decimal(points[0]), groups[0])
        ContactScore.objects.create(contact=contact, score=kept)
        for number, one in enumerate(groups):
            if points[number] is not None:
                give(contact, one, points[number])
    ContactFactory()  # who has no row at all
    return [*(one.pk for one in groups), None]


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


numbers = st.decimals(-60, 120, places=2) | st.integers(-60, 120).map(Decimal) | st.decimals(-60, 120, places=4)


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


def _is_within(value, first, end):
    return (first is None or value >= first) and (end is None or value < end)


@pytest.mark.parametrize("bound", ["11.99", "12", "12.004", "12.005", "12.01"])
@pytest.mark.parametrize("forward", [11.994999, 11.995, 12.004999, 12.005])
def test_a_bound_in_the_middle_of_a_cent_is_met_by_what_is_shown(bound, forward):
    engagement, anne = group(), ContactFactory()
    give(anne, engagement, forward)
    value = rounded(f"{forward:.15g}")

    assert values.of(engagement.pk).at_least(Decimal(bound)).exists() is (value >= Decimal(bound))
    assert values.of(engagement.pk).below(Decimal(bound)).exists() is (value < Decimal(bound))


# --- order ------------------------------------------------------------------------------------------------------------


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


# --- where it is read -------------------------------------------------------------------------------------------------


def test_a_segment_condition_follows_the_day(today):
    engagement, anne = group(), ContactFactory()
    give(anne, engagement, 80)
    rule = {"filter": "score", "group": engagement.pk, "op": "between", "from": 40, "to": 50}

    members = []
    for days in (0, 6, 7, 8):
        today.move_to(noon(days))
        members.append([conditions.matching(tree).count() for tree in (rule, {**rule, "group": "overall"})])

    assert members == [[0, 0], [1, 1], [1, 1], [0, 0]]


def test_a_leaderboard_ranks_by_what_points_are_worth_today(today):
    engagement, advocacy = group(), group("Advocacy", 30)
    anne, bob = ContactFactory(), ContactFactory()
    give(anne, engagement, 80)
    give(bob, advocacy, 50)
    board = Leaderboard.objects.create(name="Hottest")

    first = [(place.contact, place.score, place.share) for place in leaderboards.places(board)]
    today.move_to(noon(30))
    later = [(place.contact, place.score, place.share) for place in leaderboards.places(board)]

    assert first == [(anne, 80.0, 100), (bob, 50.0, 62)]
    assert later == [(bob, 25.0, 100), (anne, 4.1, 16)]


def test_the_contact_list_shows_sorts_and_filters_by_todays_values(client, today):
    engagement, fit = group(), group("Fit", None)
    anne, bob, carl = (ContactFactory(email=f"{name}@example.com") for name in ("anne", "bob", "carl"))
    give(anne, engagement, 80, overall=1)
    give(bob, engagement, 20, overall=30)
    give(bob, fit, 30)
    today.move_to(noon(14))  # Anne: 20 + 1; Bob: 5 + 30
    client.force_login(get_user_model().objects.create_superuser("boss"))
    address = reverse("admin:contacts_contact_changelist")

    def people(query):
        return list(client.get(f"{address}?{query}").context["cl"].result_list)

    assert [(one.overall_score, getattr(one, f"score_{engagement.pk}")) for one in people("o=5")] == [
        (35, 5),
        (21, 20),
        (None, None),
    ]
    assert people("o=-5") == [anne, bob, carl]
    assert people("o=6") == [anne, bob, carl]
    assert people("o=7.1") == [bob, carl, anne]
    assert people(f"score_{engagement.pk}_from=6") == [anne]
    assert people("overall_score_from=21&overall_score_to=21") == [anne]
    assert people("overall_score_to=21&o=5") == [anne, carl]
    assert people("overall_score_from=1&o=5") == [bob, anne]
    assert people("overall_score_from=1&o=-5") == [anne, bob]
    assert people("overall_score_from=30&overall_score_to=40&o=5") == [bob]
    assert people(f"score_{engagement.pk}_to=5&o=6") == [bob, carl]
    assert people("overall_score_from=x&o=5") == [bob, anne, carl]


@pytest.mark.parametrize("overall", [False, True])
def test_a_trigger_that_is_switched_on_marks_those_past_it_today(today, overall):
    engagement, anne, bob = group(), ContactFactory(), ContactFactory()
    give(anne, engagement, 80)
    give(bob, engagement, 40)
    of = None if overall else engagement
    rising, falling = (
        Trigger.objects.create(name=direction, group=of, threshold=30, direction=direction, is_active=False)
        for direction in ("rising", "falling")
    )
    today.move_to(noon(7))

    assert [triggers.already(one).count() for one in (rising, falling)] == [1, 1]
    assert [list(triggers.would_act(one)) for one in (rising, falling)] == [[anne], [bob]]
    assert [triggers.switch_on(one, "mark") for one in (rising, falling)] == [1, 1]
    assert list(Firing.objects.order_by("pk").values_list("contact", "after")) == [(anne.pk, 40), (bob.pk, 20)]


@pytest.mark.parametrize("query", ["", "o=5", "overall_score_from=1"])
def test_the_contact_list_asks_as_often_for_three_as_for_one(client, query, django_assert_max_num_queries):
    engagement = group()
    give(ContactFactory(), engagement, 10)
    client.force_login(get_user_model().objects.create_superuser("boss"))
    address = f"{reverse('admin:contacts_contact_changelist')}?{query}"
    client.get(address)
    with django_assert_max_num_queries(21) as one:
        client.get(address)

    for points in (20, 30):
        give(ContactFactory(), engagement, points)
    with django_assert_max_num_queries(len(one)):
        client.get(address)


def test_a_condition_is_one_statement_that_joins():
    engagement = group()

    for which in (engagement.pk, None):
        condition = values.of(which).contacts(Decimal(10))
        assert isinstance(condition.children[0], Exists)
