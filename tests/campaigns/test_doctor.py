"""The rule doctor on triggers, campaigns and stages: each fault is found exactly, and what is sound is left in peace."""

from decimal import Decimal

import pytest

from config import pipeline
from scoring import rules, terms
from scoring.doctor import Severity, examine
from scoring.models import Adjustment, PointAction, PointGroup
from tests.campaigns.conftest import give_score
from tests.factories import (
    CampaignFactory,
    ContactFactory,
    EmailFactory,
    SegmentFactory,
    SmsFactory,
    StageFactory,
    StepFactory,
    TagFactory,
    TriggerActionFactory,
    TriggerFactory,
)
from tests.scoring.conftest import SINCE
from tracking.models import Subject

pytestmark = pytest.mark.django_db
FRENCH = {"all": [{"filter": "field", "field": "country", "op": "is", "value": "FR"}]}
BELGIAN = {"all": [{"filter": "field", "field": "country", "op": "is", "value": "BE"}]}


@pytest.fixture
def fit(db):
    return PointGroup.objects.create(name="Fit")


@pytest.fixture
def publish(group):
    """publish(points=5, …): a new point action, young, so that nothing is said about the rule itself."""

    def publish(points=5, source="asset_downloaded", repeat="always", group=group, since=None, **fields):
        action = PointAction.objects.create(
            name=f"{source} {points:+d}", source=source, points=points, repeat=repeat, group=group, **fields
        )
        rules.publish(action, since=since)
        return action

    return publish


@pytest.fixture
def trigger(group):
    """trigger("add_points", {…}, …): one with one action, in the group."""

    def trigger(type=None, params=None, group=group, **fields):
        made = TriggerFactory(group=group, **fields)
        if type:
            TriggerActionFactory(trigger=made, type=type, params=params)
        return made

    return trigger


def told():
    """(examination, severity, what, rows)"""
    return [(f.examination, f.severity, f.what, f.rows) for f in examine()]


def about():
    return [(f.examination, f.severity, f.rows) for f in examine()]


# --- thresholds that cannot be crossed --------------------------------------------------------------------------------


def test_a_threshold_above_what_the_rules_give_is_found(publish, trigger):
    publish(points=49, repeat="once")
    hot = trigger(name="Hot", threshold=50)

    assert told() == [
        (
            "unreachable_threshold",
            Severity.PROBLEM,
            "“Hot” never acts: it waits for 50, and nobody can get beyond 49.",
            (hot,),
        )
    ]


@pytest.mark.parametrize("rule", [{"points": 50, "repeat": "once"}, {"points": 1}])
def test_a_threshold_that_can_just_be_reached_or_by_a_rule_without_end_is_in_peace(publish, trigger, rule):
    publish(**rule)
    trigger(threshold=50)

    assert told() == []


def test_a_ceiling_puts_a_threshold_out_of_reach_in_a_group_and_overall(publish, trigger, group):
    publish(points=1)
    terms.publish(group, {"ceiling": 40})
    in_group, overall = trigger(threshold="40.01"), trigger(threshold=41, group=None)
    trigger(threshold=40)

    assert about() == [("unreachable_threshold", Severity.PROBLEM, (one,)) for one in (in_group, overall)]


def test_weights_decide_what_the_overall_score_can_be(publish, trigger, fit):
    publish(points=20, repeat="once")
    publish(points=60, repeat="once", group=fit)
    terms.publish(fit, {"weight": Decimal("0.5")})
    found = trigger(threshold=51, group=None)
    trigger(threshold=50, group=None)

    assert about() == [("unreachable_threshold", Severity.PROBLEM, (found,))]


def test_points_of_campaigns_and_other_triggers_are_reckoned_with_but_not_its_own(publish, trigger, group, fit):
    publish(points=30, repeat="once")
    publish(points=1, group=fit)
    StepFactory(type="add_points", params={"group": group.pk, "points": 10})
    trigger("add_points", {"group": group.pk, "points": 10}, group=fit, threshold=5)
    StepFactory(campaign__is_active=False, type="add_points", params={"group": group.pk, "points": 1000})
    trigger(threshold=50)
    assert told() == []

    found = trigger(threshold=51)
    assert about() == [("unreachable_threshold", Severity.PROBLEM, (found,))]

    trigger("add_points", {"group": group.pk, "points": 1}, group=fit, threshold=5, again="rearm")
    assert told() == []


def test_whoever_is_there_already_proves_that_it_can_be_reached(publish, trigger, group):
    publish(points=10, repeat="once")
    trigger(threshold=50)
    give_score(ContactFactory(), 50, group)

    assert told() == []


def test_a_group_that_gets_its_points_by_hand_knows_no_limit(trigger, group):
    found = trigger(threshold=50)
    assert about() == [("unreachable_threshold", Severity.PROBLEM, (found,))]

    Adjustment.objects.create(contact=ContactFactory(), group=group, points=1, note="Fair")
    assert told() == []


def test_a_falling_trigger_below_the_floor_is_found(publish, trigger, group):
    publish(points=10)
    publish(points=-10)
    terms.publish(group, {"floor": 0})
    lost = trigger(name="Lost", threshold=0, direction="falling")
    trigger(threshold=1, direction="falling")

    assert told() == [
        ("unreachable_threshold", Severity.PROBLEM, "“Lost” never acts: nobody can fall below 0.", (lost,))
    ]


def test_nobody_falls_from_where_nobody_gets(publish, trigger):
    publish(points=10, repeat="once")
    cold = trigger(name="Cold", threshold=20, direction="falling")

    assert told() == [
        (
            "unreachable_threshold",
            Severity.PROBLEM,
            "“Cold” never acts: to fall below 20, one would first have to be above 10.",
            (cold,),
        )
    ]


def test_nobody_rises_to_where_everybody_is(publish, trigger):
    publish(points=10)
    anybody = trigger(name="Anybody", threshold=0)

    assert told() == [
        (
            "unreachable_threshold",
            Severity.PROBLEM,
            "“Anybody” never acts: nobody rises to 0, because nobody is ever below it.",
            (anybody,),
        )
    ]


def test_a_re_arm_level_nobody_comes_back_to_is_found(publish, trigger):
    publish(points=10)
    publish(points=-5, repeat="once")
    found = trigger(name="Again", threshold=20, again="rearm", rearm_at=-6)
    trigger(threshold=20, again="rearm", rearm_at=-5)

    assert told() == [
        (
            "unreachable_threshold",
            Severity.WARNING,
            "“Again” acts once for each contact, although it says “again”: nobody comes back to -6.",
            (found,),
        )
    ]


@pytest.mark.parametrize("off", [{"is_active": False}, {"archived_at": SINCE}, {"active_until": SINCE}])
def test_a_trigger_that_is_off_is_not_examined(trigger, off):
    trigger(threshold=50, **off)

    assert told() == []


# --- triggers that feed themselves ------------------------------------------------------------------------------------


@pytest.fixture
def reachable(publish):
    """Points in both directions without end, by what no message does."""
    publish(points=1)
    publish(points=-1)


def test_a_trigger_that_adds_to_the_score_it_watches_is_found(reachable, trigger, group):
    found = trigger("add_points", {"group": group.pk, "points": 10}, name="Bonus")

    (finding,) = examine()
    assert (finding.examination, finding.severity, finding.rows) == ("self_feeding_trigger", "warning", (found,))
    assert finding.what == "“Bonus” feeds itself: what it does moves the very score it watches."
    assert "it gives +10 in “Engagement”" in finding.why


def test_overall_it_feeds_itself_by_any_group_that_weighs(reachable, trigger, fit):
    found = trigger("add_points", {"group": fit.pk, "points": 10}, group=None)
    assert about() == [("self_feeding_trigger", Severity.WARNING, (found,))]

    terms.publish(fit, {"weight": 0})
    assert told() == []


@pytest.mark.parametrize(
    ("direction", "points", "faults"), [("rising", -10, 0), ("falling", 10, 0), ("falling", -10, 1)]
)
def test_only_what_moves_the_score_on_feeds_it(reachable, trigger, group, direction, points, faults):
    trigger("add_points", {"group": group.pk, "points": points}, direction=direction)

    assert len(told()) == faults


def test_another_groups_points_feed_nothing(reachable, trigger, fit):
    trigger("add_points", {"group": fit.pk, "points": 10})

    assert told() == []


@pytest.mark.parametrize(
    ("leaf", "change", "points", "feeds"),
    [
        ({"op": "is"}, "add", 5, True),
        ({"op": "is"}, "remove", 5, False),
        ({"op": "is"}, "remove", -5, True),
        ({"op": "is_not"}, "add", 5, False),
        ({"op": "is_not"}, "add", -5, True),
        ({"op": "none_of", "list": True}, "remove", 5, True),
        ({"op": "not_empty", "bare": True}, "add", 5, True),
        ({"op": "is", "other": True}, "add", 5, False),
    ],
)
@pytest.mark.parametrize("filter_", ["tag", "segment"])
def test_a_tag_or_segment_that_a_rule_asks_about_feeds_the_score(
    reachable, publish, trigger, filter_, leaf, change, points, feeds
):
    make = {"tag": TagFactory, "segment": SegmentFactory}[filter_]
    thing, other = make(), make()
    asked = other.pk if leaf.get("other") else thing.pk
    condition = {"filter": filter_, "op": leaf["op"]}
    if not leaf.get("bare"):
        condition["value"] = [asked] if leaf.get("list") else asked
    rule = publish(points=points, source="profile_matches", params={"conditions": {"all": [condition]}})
    params = {"add": [], "remove": []} | {change: [thing.pk]}
    found = trigger(f"change_{filter_}s", params)

    assert about() == ([("self_feeding_trigger", Severity.WARNING, (found, rule))] if feeds else [])


def test_not_turns_what_a_rule_asks_round(reachable, publish, trigger):
    tag = TagFactory()
    tree = {"not": {"any": [{"filter": "tag", "op": "is", "value": tag.pk}]}}
    publish(points=5, source="profile_matches", params={"conditions": tree})
    trigger("change_tags", {"add": [tag.pk], "remove": []})
    assert told() == []

    found = trigger("change_tags", {"add": [], "remove": [tag.pk]})
    assert [rows[0] for *_rest, rows in told()] == [found]


@pytest.mark.parametrize(
    ("op", "asked", "feeds"),
    [
        ("is", 1, True),
        ("is", 0, False),
        ("reached", 0, True),
        ("reached", 2, False),
        ("before", 2, True),
        ("after", 1, False),
    ],
)
def test_a_stage_that_a_rule_asks_about_feeds_the_score(reachable, publish, trigger, op, asked, feeds):
    stages = [StageFactory(position=position) for position in (1, 2, 3)]
    condition = {"filter": "stage", "op": op, "value": stages[asked].pk}
    publish(points=5, source="profile_matches", params={"conditions": condition})
    trigger("set_stage", {"stage": stages[1].pk, "forward_only": True})

    assert len(told()) == feeds


@pytest.mark.parametrize("by", ["start", "segment"])
def test_a_campaign_it_begins_feeds_the_score(reachable, trigger, group, by):
    campaign = CampaignFactory(name="Discovery")
    StepFactory(campaign=campaign, type="add_points", params={"group": group.pk, "points": 5})
    segment = SegmentFactory()
    campaign.segments.add(segment)
    action = {
        "start": ("start_campaign", {"campaign": campaign.pk}),
        "segment": ("change_segments", {"add": [segment.pk], "remove": []}),
    }[by]
    found = trigger(*action)

    (finding,) = examine()
    assert finding.rows == (found, campaign)
    assert "by the campaign “Discovery”, it gives +5 in “Engagement”" in finding.why

    campaign.is_active = False
    campaign.save()
    assert told() == []


def test_campaigns_that_begin_each_other_end(reachable, trigger, group):
    one, other = CampaignFactory(), CampaignFactory()
    StepFactory(campaign=one, type="start_campaign", params={"campaign": other.pk})
    StepFactory(campaign=other, type="start_campaign", params={"campaign": one.pk})
    StepFactory(campaign=other, type="add_points", params={"group": group.pk, "points": 5})
    found = trigger("start_campaign", {"campaign": one.pk})

    assert about() == [("self_feeding_trigger", Severity.WARNING, (found, other))]


@pytest.mark.parametrize("source", ["email_opened", "email_clicked"])
def test_an_email_whose_reading_counts_is_noted_where_the_trigger_acts_again(reachable, publish, trigger, source):
    rule = publish(source=source)
    email = EmailFactory(name="Offer")
    found = trigger("send_email", {"email": email.pk}, name="Offer", again="rearm")

    assert told() == [
        (
            "self_feeding_trigger",
            Severity.NOTE,
            "“Offer” may go in circles: it sends a message that counts in the score it watches.",
            (found, rule, email),
        )
    ]


def test_an_sms_whose_links_count_is_noted(reachable, publish, trigger):
    rule = publish(source="sms_clicked")
    sms = SmsFactory()
    found = trigger("send_sms", {"sms": sms.pk}, again="rearm")

    assert about() == [("self_feeding_trigger", Severity.NOTE, (found, rule, sms))]


def test_points_for_sending_alone_feed_the_score_directly(reachable, publish, trigger):
    rule = publish(source="email_sent")
    email = EmailFactory()
    found = trigger("send_email", {"email": email.pk})

    assert about() == [("self_feeding_trigger", Severity.WARNING, (found, rule, email))]


def test_a_message_of_a_trigger_that_acts_once_closes_no_circle(reachable, publish, trigger):
    publish(source="email_opened")
    trigger("send_email", {"email": EmailFactory().pk})

    assert told() == []


def test_a_rule_about_other_messages_or_links_is_in_peace(reachable, publish, trigger):
    email, other = EmailFactory(), EmailFactory()
    subjects = {str(s.ref_id): s for s in Subject.objects.filter(type="email")}
    link = Subject.objects.create(
        type="link", key="1", parent=subjects[str(email.pk)], host="shop.example", path="/pricing"
    )
    publish(source="email_opened", params={"only": [subjects[str(other.pk)].pk]})
    publish(source="email_clicked", params={"addresses": ["shop.example/jobs"]})
    found = trigger("send_email", {"email": email.pk}, again="rearm")
    assert told() == []

    rule = publish(source="email_clicked", points=7, params={"addresses": ["shop.example/pricing"]})
    assert link.matches.count() == 1
    assert about() == [("self_feeding_trigger", Severity.NOTE, (found, rule, email))]


# --- stages that overlap ----------------------------------------------------------------------------------------------


@pytest.fixture
def pull(trigger):
    """pull(stage, threshold): a trigger that sets a stage."""

    def pull(stage, threshold, forward_only=True, **fields):
        params = {"stage": stage.pk, "forward_only": forward_only}
        return trigger("set_stage", params, threshold=threshold, **fields)

    return pull


@pytest.fixture
def stages(reachable):
    return [StageFactory(name=name, position=position) for position, name in enumerate(("Lead", "Ready", "Hot"))]


def test_stages_in_the_order_of_their_thresholds_are_in_peace(stages, pull):
    lead, ready, hot = stages
    pull(lead, 20)
    pull(ready, 40)
    pull(hot, 60)
    pull(lead, 40, direction="falling", forward_only=False)
    pull(ready, 55, direction="falling", forward_only=False)

    assert told() == []


def test_two_stages_at_the_same_threshold_are_found(stages, pull):
    lead, ready, _hot = stages
    second, first = pull(ready, 40, name="Two"), pull(lead, 40, name="One")

    assert told() == [
        (
            "overlapping_stages",
            Severity.PROBLEM,
            "At 40, “One” and “Two” set two different stages: “Lead” and “Ready”.",
            (first, second, lead, ready),
        )
    ]


def test_a_lower_stage_above_a_higher_one_is_found(stages, pull):
    lead, ready, _hot = stages
    one, two = pull(lead, 60, name="One"), pull(ready, 40, name="Two")

    assert told() == [
        (
            "overlapping_stages",
            Severity.PROBLEM,
            "“One” sets the stage “Lead” at 60, but “Two” has set “Ready” at 40 already, which comes after it in the funnel.",
            (one, two, lead, ready),
        )
    ]


def test_a_range_where_two_stages_pull_is_found(stages, pull):
    lead, ready, _hot = stages
    rising, falling = pull(ready, 40, name="Up"), pull(lead, 50, direction="falling", forward_only=False, name="Down")

    assert told() == [
        (
            "overlapping_stages",
            Severity.WARNING,
            "Between 40 and 50 a contact can be at “Ready” or at “Lead”, with the same score.",
            (falling, rising, lead, ready),
        )
    ]


def test_other_scores_other_contacts_and_the_same_stage_do_not_contradict(stages, pull, publish, fit):
    lead, ready, _hot = stages
    publish(group=fit)
    pull(lead, 40, conditions=FRENCH)
    pull(ready, 40, conditions=BELGIAN)
    pull(ready, 40, group=fit)
    pull(ready, 40, group=None)
    pull(lead, 40, is_active=False)
    pull(lead, 45, conditions=FRENCH)
    assert [what for _key, _severity, what, _rows in told()] == []

    pull(lead, 45)  # everybody, and so the Belgian contacts too
    assert len(told()) == 1


def test_stages_at_the_same_place_of_the_funnel_are_found(reachable):
    one, two = StageFactory(name="Lead", position=1), StageFactory(name="Ready", position=1)
    StageFactory(position=2)

    assert told() == [
        (
            "overlapping_stages",
            Severity.WARNING,
            "“Lead” and “Ready” stand at the same place of the funnel.",
            (one, two),
        )
    ]


# --- all together -----------------------------------------------------------------------------------------------------


def test_an_empty_instance_is_well(db):
    pipeline.drain()

    assert examine() == []


def test_actions_that_cannot_be_read_do_no_harm(reachable, trigger):
    trigger("retired_action", {"group": 1})
    trigger("add_points", {})
    trigger("set_stage", {"stage": 10**9})
    trigger("send_email", {"email": 10**9}, again="rearm")
    trigger("add_points", {"group": 10**9, "points": 5})

    assert told() == []
