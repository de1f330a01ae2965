"""The rule doctor on triggers that feed themselves, directly or by way of campaigns, messages, tags and stages."""

import pytest

from scoring import terms
from scoring.doctor import Severity, examine
from tests.campaigns.doctor.findings import about, told
from tests.factories import (
    CampaignFactory,
    EmailFactory,
    SegmentFactory,
    SmsFactory,
    StageFactory,
    StepFactory,
    TagFactory,
)
from tracking.models import Subject

pytestmark = pytest.mark.django_db


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
