"""Profile rules: points that hold while something is true of a contact, and go when it no longer is."""

import threading
import time
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.db import OperationalError, transaction

from campaigns.models import Firing, Trigger
from config import pipeline
from contacts import holding, segments, stages, tagging
from contacts.models import Company, Contact, Segment
from scoring import decay, ledger, profiles, publications, rules, scores, sql, sweeps, valuation
from scoring.models import END, Holding, PointAction, PointEntry, PointGroup, Publication, Repeat, Sweep
from scoring.publishing.actions import state_of
from scoring.rulebook import Rulebook
from scoring.sweeps import Plan
from tests.factories import CompanyFactory, ContactFactory, SegmentFactory, StageFactory, TagFactory
from tests.scoring.conftest import download, lines, score, subject
from tests.threads import together
from tracking.models import Hit

pytestmark = pytest.mark.django_db


def when(filter, op, value, **fields):
    return {"conditions": {"all": [{"filter": filter, "op": op, "value": value, **fields}]}}


FRENCH = when("field", "is", "FR", field="country")


@pytest.fixture
def profile(publish):
    """profile(points=20, params=FRENCH): a profile rule in force."""

    def profile(points=20, params=FRENCH, **fields):
        return publish(points, source="profile_matches", params=params, **fields)

    return profile


@pytest.fixture
def ada():
    return ContactFactory(email="ada@example.com", country="FR")


@pytest.fixture
def bob():
    return ContactFactory(email="bob@example.com", country="GB")


def change(contact, **values):
    Contact.objects.filter(pk=contact.pk).update(**values)
    pipeline.drain()


def intervals(contact):
    rows = Holding.objects.filter(contact=contact).order_by("id").select_related("version")
    return [(row.version.number, row.until is None) for row in rows]


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


def test_publishing_owes_one_sweep_and_noticing_windows_no_other(profile, ada):
    action = profile()
    pipeline.drain()
    assert Sweep.objects.count() == 1

    rules.archive(action)
    pipeline.drain()
    assert Sweep.objects.count() == 2
    assert set(Sweep.objects.values_list("reason", "seen")) == {("profile_matches +20", 1)}


def test_a_sweep_walks_in_ranges_and_goes_on_where_it_stopped(profile):
    contacts = [ContactFactory(country="FR") for _ in range(7)]
    pipeline.drain()
    profile()

    def seen():
        return Sweep.objects.values_list("seen", flat=True).get(), PointEntry.objects.count()

    with transaction.atomic():
        sweep, ids = sweeps.next_range(3)
        assert ids == [contact.pk for contact in contacts[:3]]
        assert sweep == Sweep.objects.get()
    assert seen() == (0, 0)  # nothing was noted, so the same range comes again

    steps = []
    while pipeline.advance(limit=3):
        steps.append(seen())
    assert steps == [(3, 3), (6, 6), (7, 7), (7, 7)]
    assert Sweep.objects.get().finished_at is not None


def test_a_sweep_that_the_database_breaks_starts_its_range_again(profile, ada, monkeypatch):
    pipeline.drain()
    profile()

    def away(contact_ids, without=()):
        raise OperationalError

    with monkeypatch.context() as patch:
        patch.setattr(profiles, "hold", away)
        with pytest.raises(OperationalError):
            pipeline.advance()
    assert (Sweep.objects.get().seen, score(ada)) == (0, 0)

    pipeline.drain()
    assert score(ada) == 20


def test_what_a_sweep_crosses_is_held_and_what_a_person_changes_acts(profile, ada, bob):
    trigger = Trigger.objects.create(name="Hot", threshold=20)
    pipeline.drain()
    profile()
    pipeline.drain()
    assert list(trigger.firings.values_list("contact", "state")) == [(ada.pk, "held")]

    change(bob, country="FR")
    assert sorted(trigger.firings.values_list("contact", "state")) == [(ada.pk, "held"), (bob.pk, "fired")]


def test_what_a_bulk_edit_crosses_is_held(profile, bob):
    trigger = Trigger.objects.create(name="Hot", threshold=20)
    profile()
    pipeline.drain()
    with holding.held():
        Contact.objects.filter(pk=bob.pk).update(country="FR")
    pipeline.drain()

    assert (score(bob), list(trigger.firings.values_list("state", flat=True))) == (20, ["held"])


def test_a_window_opens_and_closes_by_itself(profile, ada):
    noon = datetime(2026, 3, 2, 12, tzinfo=UTC)
    with time_machine.travel(noon, tick=False) as clock:
        action = profile(active_from=noon + timedelta(hours=1), active_until=noon + timedelta(hours=2))
        seen = []
        for minutes in (0, 59, 60, 119, 120, 600):
            clock.move_to(noon + timedelta(minutes=minutes))
            pipeline.drain()
            seen.append(score(ada))
    action.refresh_from_db()

    assert seen == [0, 0, 20, 20, 0, 0]
    assert (action.is_holding, Sweep.objects.count()) == (False, 3)
    assert intervals(ada) == [(1, False)]


def test_a_rollback_owes_one_walk_and_noticing_windows_no_other(profile, ada):
    action = profile()
    pipeline.drain()
    for _ in range(2):
        draft = publications.open_draft()
        state = state_of(PointAction.objects.get(pk=action.pk))
        publications.add(draft, "point_action", action.pk, state | {"is_active": not state["is_active"]})
        publications.publish(draft, Publication.Scope.FROM_NOW)
        pipeline.drain()
    Sweep.objects.all().delete()

    for publication in Publication.objects.order_by("-pk"):
        publications.rollback(publication)
        pipeline.drain()

    assert (Sweep.objects.count(), score(ada)) == (2, 20)


@pytest.mark.django_db(transaction=True)
def test_of_several_workers_that_notice_a_window_one_asks_for_the_walk(profile, ada):
    action = profile()
    pipeline.drain()
    Sweep.objects.all().delete()
    PointAction.objects.filter(pk=action.pk).update(is_holding=False)
    noticed = threading.Event()

    def notice(first):
        assert first or noticed.wait(30)
        with transaction.atomic():
            sql.share_rules()
            profiles.notice_windows()
            noticed.set()
            time.sleep(0.5 if first else 0)

    together(lambda: notice(True), lambda: notice(False))
    assert (Sweep.objects.count(), PointAction.objects.get(pk=action.pk).is_holding) == (1, True)


def test_the_crossing_of_a_window_is_held(profile, ada):
    trigger = Trigger.objects.create(name="Hot", threshold=20)
    noon = datetime(2026, 3, 2, 12, tzinfo=UTC)
    with time_machine.travel(noon, tick=False) as clock:
        profile(active_from=noon + timedelta(hours=1))
        pipeline.drain()
        clock.shift(timedelta(hours=1))
        pipeline.drain()

    assert list(trigger.firings.values_list("state", flat=True)) == ["held"]


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


def test_a_new_weight_reaches_every_overall_score(profile, publish, fit, engagement, ada, bob):
    publish(5)
    profile(10, group=fit)
    for contact in (ada, bob):
        download(contact, subject(f"guide of {contact}"))
    pipeline.drain()
    assert (score(ada), score(bob)) == (25, 5)

    fit.weight = Decimal("0.25")
    fit.save()
    assert sql.differences() == [
        {"contact_id": ada.pk, "group_id": None, "due": Decimal("7.50"), "score": Decimal("25.00")}
    ]
    Sweep.objects.create(reason="weight")
    pipeline.drain()
    assert (score(ada), score(bob), score(ada, fit)) == (Decimal("7.50"), 5, 10)
    assert sql.differences() == []


def test_an_overall_score_that_a_sweep_moves_twice_crosses_by_where_it_ends(profile, fit, ada):
    """Weight and rule change at once: the points come, the weight goes; in between it was above, never in the end."""
    profile(40, group=fit)
    pipeline.drain()
    assert score(ada) == 80
    trigger, down = (
        Trigger.objects.create(name=direction, threshold=81, direction=direction) for direction in ("rising", "falling")
    )
    terms_before = Rulebook.current().parameters()
    profile(10, group=fit)
    fit.weight = Decimal("1")
    fit.save()
    Sweep.objects.update(plan=asdict(Plan(terms=terms_before, profiles=True)))
    pipeline.drain()

    assert (score(ada), trigger.firings.count(), down.firings.count()) == (50, 0, 0)


def test_contacts_that_come_while_a_sweep_walks_are_not_missed(profile):
    ContactFactory(country="FR")
    profile()
    pipeline.advance(limit=1)
    late = ContactFactory(country="FR")
    pipeline.drain(limit=1)

    assert score(late) == 20
    assert Hit.objects.count() == 0


def test_an_action_published_for_later_holds_when_its_time_comes(profile, ada, engagement):
    action = PointAction.objects.create(
        name="later", source="profile_matches", params=FRENCH, points=3, group=engagement
    )
    noon = datetime(2026, 3, 2, 12, tzinfo=UTC)
    with time_machine.travel(noon, tick=False) as clock:
        rules.publish(action, since=noon + timedelta(hours=1))
        pipeline.drain()
        assert score(ada) == 0
        clock.shift(timedelta(hours=1))
        pipeline.drain()

    assert score(ada) == 3


def test_points_that_count_days_go_when_their_day_comes_and_what_they_cross_acts(profile, ada):
    with time_machine.travel(datetime(2026, 5, 4, 10, tzinfo=UTC), tick=False):
        Contact.objects.filter(pk=ada.pk).update(created_at=datetime(2026, 5, 1, tzinfo=UTC))
        profile(20, params=when("field", "last_days", 7, field="created_at"))
        Trigger.objects.create(name="No longer new", threshold=10, direction=Trigger.Direction.FALLING)
        pipeline.drain()
        assert score(ada) == Decimal(20)
    with time_machine.travel(datetime(2026, 5, 9, 10, tzinfo=UTC), tick=False):
        pipeline.drain()
        assert (score(ada), Firing.objects.count()) == (Decimal(0), 1)
        assert Firing.objects.get().state == Firing.State.FIRED
        pipeline.drain()

    assert list(Sweep.objects.filter(day__isnull=False).values_list("day", flat=True).order_by("day")) == [
        date(2026, 5, 4),
        date(2026, 5, 9),
    ]


def test_rules_that_count_no_days_owe_no_daily_sweep(profile, ada):
    profile()
    pipeline.drain()

    assert Sweep.objects.filter(day__isnull=False).count() == 0


# --- an edit makes no points younger -------------------------------------------------------------------------------------


NOON = datetime(2040, 3, 1, 12, tzinfo=UTC)


def worth_today():
    ids = [contact.pk for contact in Contact.objects.all()]
    return {key[0]: value for key, value in sql.values(ids, decay.today()).items() if key[1] is None and value}


@pytest.fixture
def fading(profile, ada):
    """Ada has 20 points for being French, which halve every two days; it is four days ago. Returns the rule."""
    with time_machine.travel(NOON - timedelta(days=4), tick=False):
        group = PointGroup.objects.create(name="Fading", half_life_days=2)
        action = profile(20, group=group)
        pipeline.drain()
    return action


def test_points_of_a_profile_that_is_edited_are_as_old_as_before(fading, ada):
    with time_machine.travel(NOON, tick=False):
        assert worth_today() == {ada.pk: 5}
        fading.points = 40
        fading.save()
        rules.publish(fading)
        pipeline.drain()
        assert worth_today() == {ada.pk: 10}
        assert sql.differences() == []
        new = Holding.objects.get(until=None)
        assert (new.since, new.first_at) == (NOON, NOON - timedelta(days=4))
        assert valuation.scores(Rulebook.current(), [ada.pk])[ada.pk, None] == 10


@pytest.mark.parametrize("edit", [{"points": 40}, {"is_active": False}, {"source": "asset_downloaded", "params": {}}])
def test_taking_the_edit_of_a_profile_back_restores_the_score_whatever_its_age(fading, ada, edit):
    with time_machine.travel(NOON, tick=False) as clock:
        draft = publications.open_draft()
        publications.add(draft, "point_action", fading.pk, state_of(fading) | edit)
        publications.publish(draft, "past")
        pipeline.drain()
        assert worth_today() != {ada.pk: 5}

        clock.shift(timedelta(minutes=1))
        publications.rollback(Publication.objects.get(pk=draft.pk))
        pipeline.drain()
        assert worth_today() == {ada.pk: 5}
        assert sql.differences() == []


def test_who_stops_matching_and_matches_again_begins_anew(fading, ada):
    with time_machine.travel(NOON, tick=False) as clock:
        for country in ("GB", "FR"):
            clock.shift(timedelta(minutes=1))
            change(ada, country=country)
        assert worth_today() == {ada.pk: 20}


def test_who_did_not_hold_when_a_version_was_superseded_begins_anew_when_it_is_back(fading, ada):
    with time_machine.travel(NOON, tick=False) as clock:
        draft = publications.open_draft()
        publications.add(draft, "point_action", fading.pk, state_of(fading) | {"points": 40})
        publications.publish(draft, "past")
        pipeline.drain()
        clock.shift(timedelta(minutes=1))
        change(ada, country="GB")
        publications.rollback(Publication.objects.get(pk=draft.pk))
        change(ada, country="FR")
        assert worth_today() == {ada.pk: 20}
