"""Points that hold while something is true of a contact, and go when it no longer is."""

import pytest
from django.db import transaction

from config import pipeline
from contacts import segments, stages, tagging
from contacts.models import Company, Segment
from scoring import ledger, profiles, rules, scores, sql
from scoring.models import END, Repeat
from tests.factories import CompanyFactory, SegmentFactory, StageFactory, TagFactory
from tests.scoring.conftest import download, lines, score, subject
from tests.scoring.profiles.conftest import FRENCH, change, intervals, when

pytestmark = pytest.mark.django_db


def test_points_come_when_the_profile_matches_and_go_when_it_no_longer_does(profile, ada, bob):
    profile()
    pipeline.drain()
    assert (score(ada), score(bob)) == (20, 0)
    assert lines(ada) == [("profile_matches +20", 1, 0, "0001-01-01", 1, 1)]

    change(bob, country="FR")
    change(ada, country="DE")
    assert (score(ada), score(bob)) == (0, 20)
    assert (lines(ada), intervals(ada), intervals(bob)) == ([], [(1, False)], [(1, True)])

    change(ada, country="FR")
    assert (score(ada), intervals(ada)) == (20, [(1, False), (1, True)])
    assert sql.differences() == []


def test_holding_again_moves_nothing(profile, ada):
    profile()
    pipeline.drain()
    with transaction.atomic():
        assert profiles.hold(scores.lock([ada.pk])) == []

    change(ada, city="Lyon")
    assert (score(ada), intervals(ada)) == (20, [(1, True)])


def test_points_may_be_negative_while_it_holds(profile, ada):
    profile(-15)
    pipeline.drain()
    assert score(ada) == -15

    change(ada, country="DE")
    assert score(ada) == 0


def test_each_rule_that_holds_has_its_own_line(profile, ada, fit):
    profile(20)
    profile(5, group=fit)
    profile(7, params=when("field", "is", "DE", field="country"))
    pipeline.drain()

    assert [line[0] for line in lines(ada)] == ["profile_matches +20", "profile_matches +5"]
    assert (score(ada), score(ada, fit)) == (30, 5)


def test_editing_the_rule_moves_points_by_the_difference(profile, ada, bob):
    action = profile(20)
    pipeline.drain()
    action.points = 8
    action.save()
    rules.publish(action)
    assert score(ada) == 20  # until the sweep has come by
    pipeline.drain()
    assert (score(ada), score(bob)) == (8, 0)
    assert (lines(ada)[0][1], intervals(ada)) == (2, [(1, False), (2, True)])

    action.params = when("field", "is", "GB", field="country")
    action.save()
    rules.publish(action)
    pipeline.drain()
    assert (score(ada), score(bob)) == (0, 8)
    assert sql.differences() == []


def test_switching_off_takes_the_points_back_and_on_gives_them_again(profile, ada):
    action = profile()
    pipeline.drain()
    for is_active, points in ((False, 0), (True, 20)):
        action.is_active = is_active
        action.save()
        rules.publish(action)
        pipeline.drain()
        assert score(ada) == points
    assert [version.number for version in action.versions.filter(valid_until=END)] == [2]

    rules.archive(action)
    pipeline.drain()
    assert (score(ada), lines(ada)) == (0, [])


def test_a_rule_that_becomes_one_of_events_gives_back_what_held(profile, ada):
    action = profile()
    pipeline.drain()
    action.source, action.params, action.repeat = "asset_downloaded", {}, Repeat.ONCE
    action.save()
    rules.publish(action)
    download(ada, subject("guide"))
    pipeline.drain()

    assert [line[1] for line in lines(ada)] == [2]
    assert score(ada) == 20


def test_a_change_of_the_company_counts_for_all_its_people(profile, ada, bob):
    boreal = CompanyFactory(name="Boréal", industry="Trade")
    profile(params=when("company", "is", "Brewing", field="industry"))
    for contact in (ada, bob):
        change(contact, company=boreal)
    assert (score(ada), score(bob)) == (0, 0)

    Company.objects.update(industry="Brewing")
    pipeline.drain()
    assert (score(ada), score(bob)) == (20, 20)


def test_tags_stages_and_segments_count_as_they_change(profile, ada):
    tag, stage, segment = TagFactory(), StageFactory(), SegmentFactory()
    profile(1, params=when("tag", "is", tag.pk))
    profile(10, params=when("stage", "is", stage.pk))
    profile(100, params=when("segment", "is", segment.pk))
    pipeline.drain()
    steps = [
        (lambda: tagging.add([ada.pk], [tag]), 1),
        (lambda: stages.set_stage([ada.pk], stage), 11),
        (lambda: segments.add(segment, [ada.pk]), 111),
        (lambda: tagging.remove([ada.pk], [tag]), 110),
        (lambda: stages.set_stage([ada.pk], None), 100),
        (lambda: segments.remove(segment, [ada.pk]), 0),
    ]
    for step, expected in steps:
        step()
        pipeline.drain()
        assert score(ada) == expected


def test_a_dynamic_segment_that_lets_a_contact_in_gives_the_points_of_being_in_it(profile, bob):
    segment = SegmentFactory(conditions=FRENCH["conditions"])
    profile(params=when("segment", "is", segment.pk))
    change(bob, country="FR")
    assert score(bob) == 20

    change(bob, country="GB")
    assert (score(bob), Segment.objects.get().memberships.count()) == (0, 0)


def test_a_merged_contact_holds_nothing(profile, ada, bob):
    profile()
    pipeline.drain()
    change(ada, merged_into=bob)

    assert (score(ada), lines(ada)) == (0, [])


def test_replay_leaves_profile_lines_alone(profile, publish, ada):
    publish(5, repeat=Repeat.ALWAYS)
    profile()
    download(ada, subject("guide"))
    pipeline.drain()
    before = lines(ada)
    with transaction.atomic():
        assert ledger.replay(scores.lock([ada.pk])) == []

    assert (lines(ada), len(before), score(ada)) == (before, 2, 25)
