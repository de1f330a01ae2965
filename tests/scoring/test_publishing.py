"""What stands in the way of taking a publication back: its rows changed again since, in a draft or without one."""

import pytest
from django.core.exceptions import ValidationError

from config import pipeline
from scoring import publications, rules, sql, terms
from scoring.models import OverallScore, Publication
from scoring.publishing.actions import state_of
from tests.scoring.test_publications import Scope, ada, bob, edit, shown, world  # noqa: F401 - fixtures among them

pytestmark = pytest.mark.django_db


def test_what_was_changed_without_a_draft_since_cannot_be_rolled_back_over(world, engagement, ada):
    def published(type, row, after):
        draft = publications.open_draft()
        publications.add(draft, type, row.pk, after)
        publications.publish(draft, Scope.PAST)
        pipeline.drain()
        return Publication.objects.get(pk=draft.pk)

    rule = published("point_action", world, state_of(world) | {"points": 6})
    group = published("point_group", engagement, {"weight": "2.00"})
    bounds = published("overall_score", OverallScore.get(), {"floor": 0, "ceiling": 100})
    assert [publications.blocked(one) for one in (rule, group, bounds)] == [None, None, None]

    world.refresh_from_db()
    world.points = 9
    world.save()
    rules.publish(world)
    terms.publish(engagement, {"ceiling": 11})
    terms.publish_overall(0, 99)
    pipeline.drain()
    before = shown()
    for publication in (rule, group, bounds):
        with pytest.raises(ValidationError, match="changed again since"):
            publications.rollback(publication)
    assert (shown(), world.points) == (before, 9)


def test_what_was_changed_by_a_publication_that_was_taken_back_can_be_rolled_back(world, engagement, ada):
    before, taken_back = shown(), []
    for points, weight in ((6, "2.00"), (7, "3.00")):
        draft = edit(world, points=points)
        publications.add(draft, "point_group", engagement.pk, {"weight": weight})
        publications.publish(draft, Scope.PAST)
        pipeline.drain()
        world.refresh_from_db()
        taken_back.insert(0, Publication.objects.get(pk=draft.pk))
    for publication in taken_back:
        publications.rollback(publication)
        pipeline.drain()

    assert (shown(), sql.differences()) == (before, [])
