"""Where today's scores are read: segments, leaderboards, triggers, the list of contacts."""

from decimal import Decimal

import pytest
from django.contrib.auth import get_user_model
from django.db.models import Exists
from django.urls import reverse

from campaigns import triggers
from campaigns.models import Firing, Trigger
from contacts import conditions
from contacts.filters.base import Within
from scoring import leaderboards, values
from scoring.models import Leaderboard
from tests.factories import ContactFactory
from tests.scoring.values.book import give, group, noon

pytestmark = pytest.mark.django_db


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
        assert isinstance(condition.children[0], Exists | Within)
