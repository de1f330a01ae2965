"""The history of groups and of the overall score."""

import pytest

from scoring import terms
from scoring.models import END, OverallScore, PointGroup, Sweep, TermsVersion
from scoring.wording import differences
from tests.factories import UserFactory
from tests.scoring.conftest import subject
from tests.scoring.posting import page, queries
from tests.scoring.versions.conftest import told

pytestmark = pytest.mark.django_db


# --- groups and the overall score -------------------------------------------------------------------------------------


def test_the_terms_of_a_group_have_a_history_and_come_back(marketer, engagement):
    terms.publish(engagement, {"half_life_days": 30, "weight": 2}, marketer.user)
    terms.publish(engagement, {"half_life_days": None, "cap_points": 100, "floor": 0}, marketer.user)
    assert told(marketer.get(page("scoring_pointgroup_history", engagement.pk))) == [
        (3, {"half-life": ("worth half after 30 days", "–"), "limit": ("–", "at most 100 points a month"),
             "lowest score": ("–", "0")}, True, False),
        (2, {"weight": ("1", "2"), "half-life": ("–", "worth half after 30 days")}, False, True),
        (1, {}, False, True),
    ]  # fmt: skip

    said = marketer.post(page("scoring_pointgroup_bring_back", engagement.pk, 2), follow=True).content.decode()
    engagement.refresh_from_db()
    assert (engagement.half_life_days, engagement.weight, engagement.cap_points, engagement.floor) == (
        30,
        2,
        None,
        None,
    )
    assert "Version 2 was restored." in said
    assert "Scores are being recomputed." in said
    latest = TermsVersion.objects.get(group=engagement, number=4)
    assert (latest.half_life_days, latest.author, Sweep.objects.count()) == (30, marketer.user, 3)


def test_a_group_that_never_changed_says_so(marketer, fit):
    shown = marketer.get(page("scoring_pointgroup_history", fit.pk))

    assert told(shown) == []
    assert "Never changed" in shown.content.decode()
    assert shown.context["now"] == [("weight", "2")]


def test_a_new_group_says_who_made_it(marketer):
    marketer.post(
        page("scoring_pointgroup_add"),
        {"name": "Club", "description": "", "color": "#112233", "position": "0", "weight": "1", "cap_period": "month"},
    )
    group = PointGroup.objects.get(name="Club")
    [chapter] = marketer.get(page("scoring_pointgroup_history", group.pk)).context["chapters"]

    assert (chapter.stood.number, chapter.stood.author, chapter.stood.is_now) == (1, marketer.user, True)
    assert (Sweep.objects.count(), TermsVersion.objects.get().known_until) == (0, END)


def test_the_bounds_of_the_overall_score_come_back(marketer, engagement, fit):
    terms.publish(fit, {"ceiling": 7})
    terms.publish_overall(0, 100, marketer.user)
    terms.publish_overall(None, 50, marketer.user)

    assert told(marketer.get(page("scoring_overallscore_history", 1))) == [
        (3, {"lowest score": ("0", "–"), "highest score": ("100", "50")}, True, False),
        (2, {"lowest score": ("–", "0"), "highest score": ("–", "100")}, False, True),
        (1, {}, False, True),
    ]
    marketer.post(page("scoring_overallscore_bring_back", 1, 2))
    assert (OverallScore.get().floor, OverallScore.get().ceiling) == (0, 100)
    assert TermsVersion.objects.filter(group=None).count() == 4


def test_an_archived_group_keeps_its_history(marketer, engagement):
    terms.publish(engagement, {"ceiling": 100})
    listed = page("scoring_pointgroup_changelist")
    marketer.post(listed, {"action": "archive", "_selected_action": [engagement.pk]})
    marketer.post(page("scoring_pointgroup_bring_back", engagement.pk, 1))

    assert len(told(marketer.get(page("scoring_pointgroup_history", engagement.pk)))) == 2
    engagement.refresh_from_db()
    assert engagement.ceiling == 100


def test_the_history_of_a_group_asks_as_often_for_many_versions_as_for_few(marketer, engagement):
    address = page("scoring_pointgroup_history", engagement.pk)
    terms.publish(engagement, {"ceiling": 1})
    marketer.get(address)
    before = queries(lambda: marketer.get(address))
    for ceiling in (2, 3, 4):
        terms.publish(engagement, {"ceiling": ceiling}, UserFactory())
    assert queries(lambda: marketer.get(address)) == before


# --- states in plain JSON, as drafts keep them ------------------------------------------------------------------------


def test_two_states_differ_in_words(engagement, fit):
    before = {
        "name": "Reads", "description": "", "source": "asset_downloaded", "params": {"only": [subject("The guide").pk]},
        "points": 5, "group": engagement.pk, "repeat": "always", "cap_amount": None, "cap_unit": "times",
        "cap_period": "ever", "cap_per_object": False, "expires_after_days": None, "active_from": None,
        "active_until": None, "is_active": True,
    }  # fmt: skip
    after = before | {"params": {}, "group": fit.pk, "cap_amount": 1, "active_until": "2027-01-01T00:00:00Z"}

    assert [(one.label, one.before, one.after) for one in differences(before, after | {"is_active": False})] == [
        ("what earns points", "Downloads an asset: The guide", "Downloads an asset: any asset"),
        ("point group", "Engagement", "Fit"),
        ("limit", "–", "at most 1 time in all"),
        ("time", "–", "until Jan. 1, 2027, 1 a.m."),
        ("active", "yes", "no"),
    ]
    assert differences(before, before) == []
    assert {one.before for one in differences(None, before)} == {"–"}
