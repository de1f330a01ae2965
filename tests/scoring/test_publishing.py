"""What stands in the way of taking a publication back: its rows changed again since, in a draft or without one."""

import pytest
from django.core.exceptions import ValidationError

from config import pipeline
from scoring import publications, rules, sql, terms
from scoring.models import OverallScore, Publication, Sweep
from scoring.publishing.actions import state_of
from tests.factories import ContactFactory
from tests.scoring.conftest import download, score, subject
from tests.scoring.drafting import AT, Scope, edit, previewed, shown

pytestmark = pytest.mark.django_db


@pytest.fixture
def action(publish):
    """5 points for each guide; somebody downloaded one."""
    made = publish(5)
    download(ContactFactory(), subject("guide"), AT)
    pipeline.drain()
    return made


def test_what_was_changed_without_a_draft_since_cannot_be_rolled_back_over(action, engagement):
    def published(type, row, after):
        draft = publications.open_draft()
        publications.add(draft, type, row.pk, after)
        publications.publish(draft, Scope.PAST)
        pipeline.drain()
        return Publication.objects.get(pk=draft.pk)

    rule = published("point_action", action, state_of(action) | {"points": 6})
    group = published("point_group", engagement, {"weight": "2.00"})
    bounds = published("overall_score", OverallScore.get(), {"floor": 0, "ceiling": 100})
    assert [publications.blocked(one) for one in (rule, group, bounds)] == [None, None, None]

    action.refresh_from_db()
    action.points = 9
    action.save()
    rules.publish(action)
    terms.publish(engagement, {"ceiling": 11})
    terms.publish_overall(0, 99)
    pipeline.drain()
    before = shown()
    for publication in (rule, group, bounds):
        with pytest.raises(ValidationError, match="changed again since"):
            publications.rollback(publication)
    assert (shown(), action.points) == (before, 9)


def test_what_was_changed_by_a_publication_that_was_taken_back_can_be_rolled_back(action, engagement):
    before, taken_back = shown(), []
    for points, weight in ((6, "2.00"), (7, "3.00")):
        draft = edit(action, points=points)
        publications.add(draft, "point_group", engagement.pk, {"weight": weight})
        publications.publish(draft, Scope.PAST)
        pipeline.drain()
        action.refresh_from_db()
        taken_back.insert(0, Publication.objects.get(pk=draft.pk))
    for publication in taken_back:
        publications.rollback(publication)
        pipeline.drain()

    assert (shown(), sql.differences()) == (before, [])


def test_what_held_goes_with_the_publication_that_makes_the_rule_one_of_events(publish):
    ada = ContactFactory(country="FR")
    french = {"conditions": {"all": [{"filter": "field", "field": "country", "op": "is", "value": "FR"}]}}
    rule = publish(20, source="profile_matches", params=french)
    pipeline.drain()
    assert score(ada) == 20

    draft = edit(rule, source="asset_downloaded", params={})
    expected = previewed(draft)
    sweep = publications.publish(draft, Scope.PAST)
    assert (sweep.publication_id, expected) == (draft.pk, {(ada.pk, rule.group_id): (20, 0), (ada.pk, None): (20, 0)})
    pipeline.drain()
    assert (score(ada), sql.differences()) == (0, [])
    assert list(Sweep.objects.values_list("publication", flat=True)) == [draft.pk, None]


# --- what appears while a version waits ----------------------------------------------------------------------------------


def test_what_appeared_after_the_draft_is_previewed_and_counted(action):
    draft = edit(action, points=7, repeat="always")
    ada = ContactFactory()
    download(ada, subject("new"), AT)
    pipeline.drain()
    expected = previewed(draft)
    assert expected[ada.pk, None] == (5, 7)

    publications.publish(draft, Scope.PAST)
    pipeline.drain()
    download(ada, subject("newer"))
    pipeline.drain()
    assert (score(ada), sql.differences()) == (14, [])


def test_what_appeared_while_a_version_was_superseded_counts_again_once_it_is_taken_back(action):
    draft = edit(action, repeat="always")
    publications.publish(draft, Scope.PAST)
    ada = ContactFactory()
    for _ in range(2):
        download(ada, subject(f"new {_}"), AT)
    pipeline.drain()
    assert score(ada) == 10

    publications.rollback(Publication.objects.get(pk=draft.pk))
    pipeline.drain()
    assert (score(ada), sql.differences()) == (5, [])
