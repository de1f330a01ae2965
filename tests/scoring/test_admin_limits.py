"""Caps, expiry, fading and bounds in the admin: what can be said, what makes no sense, and how it reads."""

from decimal import Decimal

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from playwright.sync_api import expect

from config import pipeline
from scoring import sql, terms
from scoring.models import OverallScore, PointAction, PointGroup, Sweep, TermsVersion
from tests.factories import ContactFactory, FormFactory, UserFactory
from tests.scoring.conftest import download, score, subject
from tests.scoring.posting import AT, FRENCH, errors, form_page, page, queries, values

pytestmark = pytest.mark.django_db
TREE = '{"all": [{"filter": "field", "field": "country", "op": "is", "value": "FR"}]}'


def capped(amount, unit="times", period="week", repeat="always", **more):
    return {"cap_amount": str(amount), "cap_unit": unit, "cap_period": period, "repeat": repeat, **more}


def profile(**more):
    return values("profile_matches", params__conditions=TREE, **more)


# --- point actions ----------------------------------------------------------------------------------------------------


def test_a_limit_and_an_expiry_are_saved_with_the_version_and_read_in_the_list(marketer, engagement):
    posted = values(group=engagement.pk, expires_after_days="90", **capped(3, cap_per_object="on"))
    marketer.post(page("scoring_pointaction_add"), posted)

    version = PointAction.objects.get().versions.get()
    assert (version.cap_amount, version.cap_unit, version.cap_period, version.cap_per_object) == (
        3,
        "times",
        "week",
        True,
    )
    assert version.expires_after_days == 90
    listed = marketer.get(page("scoring_pointaction_changelist")).content.decode()
    assert "at most 3 times a week, for each object · expires after 90 days" in listed


@pytest.mark.parametrize(
    ("case", "more", "field", "sentence"),
    [
        ("points that never suffice", capped(3, "points"), "cap_amount",
         "The rule is worth 5 points, so a limit of 3 points would never let it pay."),
        ("taking away more than the limit", capped(3, "points") | {"points": "-5"}, "cap_amount",
         "The rule is worth 5 points, so a limit of 3 points would never let it pay."),
        ("once anyway", capped(3, period="ever", repeat="once"), "cap_amount",
         "“Once per contact” pays no more often than that already. Leave the limit empty."),
        ("once a day anyway", capped(1, period="day", repeat="day"), "cap_amount",
         "“Once a day” pays no more often than that already. Leave the limit empty."),
        ("seven days of a week", capped(7, period="week", repeat="day"), "cap_amount",
         "“Once a day” pays no more often than that already. Leave the limit empty."),
        ("in points, too", capped(35, "points", repeat="day"), "cap_amount",
         "“Once a day” pays no more often than that already. Leave the limit empty."),
        ("no objects to tell apart", capped(2, period="month", repeat="week", cap_per_object="on"), "cap_per_object",
         "“Once a week” does not tell objects apart, so there is no limit for each on its own."),
        ("each object once anyway", capped(2, repeat="object", cap_per_object="on"), "cap_per_object",
         "“Once per object” pays once for each object already, so this limit would never be reached."),
        ("no limit at all", capped(0), "cap_amount", "Ensure this value is greater than or equal to 1."),
        ("beyond reason", capped(2 * 10**9), "cap_amount", "Ensure this value is less than or equal to 1000000000."),
        ("beyond any column", capped(10**30), "cap_amount", "Ensure this value is less than or equal to"),
        ("a word", capped("three"), "cap_amount", "Enter a whole number."),
        ("an unknown period", capped(3, period="year"), "cap_period", "Select a valid choice."),
        ("an unknown unit", capped(3, "euros"), "cap_unit", "Select a valid choice."),
        ("no days", {"expires_after_days": "0"}, "expires_after_days", "Ensure this value is greater than or equal to 1."),
        ("days beyond any date", {"expires_after_days": "2147483647"}, "expires_after_days",
         "Ensure this value is less than or equal to 36500."),
        ("points beyond reason", {"points": "-1000001"}, "points", "Ensure this value is greater than or equal to -1000000."),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_said_beside_its_field(marketer, engagement, case, more, field, sentence):
    refused = marketer.post(page("scoring_pointaction_add"), values(group=engagement.pk) | more)

    assert sentence in errors(refused)[field][0]
    assert PointAction.objects.count() == 0


@pytest.mark.parametrize(
    "more",
    [
        capped(5, "points"),
        capped(6, period="week", repeat="day"),
        capped(2, period="month", repeat="week"),
        capped(3, period="ever", repeat="object"),
        capped(1, period="day", cap_per_object="on"),
        {"expires_after_days": "36500"},
        {"points": "-1000000"},
    ],
)
def test_what_makes_sense_is_saved(marketer, engagement, more):
    marketer.post(page("scoring_pointaction_add"), values(group=engagement.pk) | more)

    assert PointAction.objects.get().versions.count() == 1


def test_what_is_left_over_from_a_limit_taken_out_says_nothing(marketer, engagement):
    left_over = capped("", "points", "day", cap_per_object="on")
    marketer.post(page("scoring_pointaction_add"), values(group=engagement.pk) | left_over)

    [action] = PointAction.objects.all()
    assert (action.cap_amount, action.cap_unit, action.cap_period, action.cap_per_object) == (
        None,
        "times",
        "ever",
        False,
    )


def test_a_profile_rule_takes_no_limit_and_no_expiry(marketer, engagement):
    posted = profile(group=engagement.pk, expires_after_days="30") | capped(3)
    found = errors(marketer.post(page("scoring_pointaction_add"), posted))

    assert found["cap_amount"] == ["A rule about the profile pays once, while it is true: it takes no limit."]
    assert found["expires_after_days"] == [
        "The points of a rule about the profile go when it is no longer true, not after some days."
    ]
    assert PointAction.objects.count() == 0


def test_a_profile_rule_pays_once_whatever_the_hidden_policy_said(marketer, engagement):
    marketer.post(page("scoring_pointaction_add"), profile(group=engagement.pk, repeat="week"))

    assert PointAction.objects.get().repeat == "once"
    assert "While it is true" in marketer.get(page("scoring_pointaction_changelist")).content.decode()


def test_a_profile_rule_in_a_fading_group_is_saved_with_a_warning(marketer, engagement):
    PointGroup.objects.update(half_life_days=30, name="<b>Fading</b>")
    said = marketer.post(page("scoring_pointaction_add"), profile(group=engagement.pk), follow=True).content.decode()

    assert "but points in &lt;b&gt;Fading&lt;/b&gt; fade: put it into a group without a half-life." in said
    assert PointAction.objects.count() == 1


def test_a_form_refuses_a_policy_that_makes_nonsense_of_a_limit_set_elsewhere(marketer, engagement, publish):
    form = FormFactory(name="Demo")
    action = publish(5, source="form_submitted", repeat="always", form=form, cap_amount=3, cap_period="week")
    row = {"id": action.pk, "form": form.pk, "points": 5, "group": engagement.pk}

    refused = form_page(marketer, form, row | {"repeat": "once"})
    assert "“Once per contact” pays no more often than that already." in refused.content.decode()
    assert form_page(marketer, form, row | {"repeat": "always", "points": 6}).status_code == 302
    action.refresh_from_db()
    assert (action.points, action.cap_amount, action.cap_period, action.versions.count()) == (6, 3, "week", 2)


def test_points_beyond_reason_are_refused_on_a_form_too(marketer, engagement):
    form = FormFactory(name="Demo")
    refused = form_page(marketer, form, {"points": 10**7, "group": engagement.pk, "repeat": "once"})

    assert "less than or equal to 1000000." in refused.content.decode()


def test_who_may_only_look_reads_the_rule_in_words(client, publish):
    action = publish(5, repeat="always", cap_amount=20, cap_unit="points", cap_period="month")
    user = UserFactory(is_superuser=False)
    user.user_permissions.set(Permission.objects.filter(codename="view_pointaction"))
    client.force_login(user)
    shown = client.get(page("scoring_pointaction_change", action.pk)).content.decode()

    assert "Downloads an asset: any asset" in shown
    assert "at most 20 points a month" in shown
    assert "asset_downloaded</" not in shown
    assert "(&#x27;" not in shown  # what lists show as a label


# --- groups -----------------------------------------------------------------------------------------------------------


def terms_of(group, **more):
    posted = {
        "name": group.name,
        "color": "#112233",
        "position": "0",
        "weight": f"{group.weight}",
        "cap_period": "month",
    }
    return posted | more


def test_terms_are_put_into_force_as_a_version_and_the_scores_follow(marketer, publish, engagement):
    publish(10)
    ada = ContactFactory()
    download(ada, subject("guide"), AT)
    pipeline.drain()
    assert score(ada) == 10
    posted = terms_of(engagement, ceiling="8", half_life_days="", cap_points="50", cap_period="week")
    said = marketer.post(page("scoring_pointgroup_change", engagement.pk), posted, follow=True).content.decode()
    pipeline.drain()

    assert "Scores are being recomputed." in said
    assert [
        (v.number, v.ceiling, v.cap_points, v.cap_period, v.author) for v in TermsVersion.objects.order_by("number")
    ] == [(1, None, None, "month", None), (2, 8, 50, "week", marketer.user)]
    assert (Sweep.objects.count(), sql.differences()) == (1, [])
    assert (
        "never above 8 · at most 50 points a week"
        in marketer.get(page("scoring_pointgroup_changelist")).content.decode()
    )


def test_a_new_name_recomputes_nothing(marketer, engagement):
    posted = terms_of(engagement, name="Interest", description="What they do")
    marketer.post(page("scoring_pointgroup_change", engagement.pk), posted)

    engagement.refresh_from_db()
    assert (engagement.name, engagement.description, engagement.color) == ("Interest", "What they do", "#112233")
    assert (Sweep.objects.count(), TermsVersion.objects.count()) == (0, 0)


def test_a_new_group_owes_nothing(marketer):
    made = PointGroup(name="New", weight=Decimal("0.5"))
    marketer.post(page("scoring_pointgroup_add"), terms_of(made, half_life_days="30", floor="-10"))

    group = PointGroup.objects.get()
    assert (group.weight, group.half_life_days, group.floor) == (Decimal("0.5"), 30, -10)
    assert (Sweep.objects.count(), TermsVersion.objects.get().number) == (0, 1)


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"half_life_days": "0"}, "half_life_days"),
        ({"half_life_days": "36501"}, "half_life_days"),
        ({"half_life_days": "-3"}, "half_life_days"),
        ({"half_life_days": "<b>"}, "half_life_days"),
        ({"floor": "1"}, "__all__"),
        ({"ceiling": "-1"}, "__all__"),
        ({"floor": str(-(10**10))}, "floor"),
        ({"cap_points": "0"}, "cap_points"),
        ({"cap_points": "5", "cap_period": "year"}, "cap_period"),
    ],
)
def test_terms_that_make_no_sense_are_refused(marketer, engagement, more, field):
    refused = marketer.post(page("scoring_pointgroup_change", engagement.pk), terms_of(engagement, **more))

    assert field in errors(refused)
    assert "constraint" not in refused.content.decode().lower()
    assert (Sweep.objects.count(), TermsVersion.objects.count()) == (0, 0)


def test_profile_rules_in_a_group_that_begins_to_fade_are_named(marketer, publish, engagement):
    for number in range(7):
        rule = publish(5, source="profile_matches", params={"conditions": FRENCH})
        PointAction.objects.filter(pk=rule.pk).update(name=f"<i>French {number}</i>")
    publish(5)
    Sweep.objects.all().delete()
    address = page("scoring_pointgroup_change", engagement.pk)
    said = marketer.post(address, terms_of(engagement, half_life_days="30"), follow=True).content.decode()

    assert "“&lt;i&gt;French 4&lt;/i&gt;” and …: what a contact is fades here, too" in said
    assert "French 5" not in said


def test_the_bounds_of_the_overall_score_have_a_page_of_their_own(marketer, engagement):
    listed = marketer.get(page("scoring_pointgroup_changelist"))
    assert "Bounds of the overall score" in listed.content.decode()
    there = marketer.get(page("scoring_pointgroup_changelist") + "overall/", follow=True)
    assert there.redirect_chain[-1][0] == page("scoring_overallscore_change", 1)

    said = marketer.post(page("scoring_overallscore_change", 1), {"floor": "0", "ceiling": "100"}, follow=True)
    marketer.post(page("scoring_overallscore_change", 1), {"floor": "0", "ceiling": "100"})
    assert "Scores are being recomputed." in said.content.decode()
    assert (OverallScore.get().floor, OverallScore.get().ceiling, Sweep.objects.count()) == (0, 100, 1)
    assert list(TermsVersion.objects.filter(group=None).order_by("number").values_list("floor", "ceiling")) == [
        (None, None),
        (0, 100),
    ]
    assert "__all__" in errors(marketer.post(page("scoring_overallscore_change", 1), {"floor": "5", "ceiling": ""}))


def test_the_overall_score_is_neither_added_nor_deleted(marketer):
    OverallScore.get()

    assert marketer.get(page("scoring_overallscore_add")).status_code == 403
    assert marketer.post(page("scoring_overallscore_delete", 1), {"post": "yes"}).status_code == 403
    assert OverallScore.objects.count() == 1


def test_the_overall_bounds_are_for_those_who_may(client):
    OverallScore.get()
    client.force_login(UserFactory(is_superuser=False))

    for address in (page("scoring_overallscore_changelist"), page("scoring_overallscore_change", 1)):
        assert client.get(address).status_code == 403
        assert client.post(address, {"floor": "0"}).status_code == 403
    assert OverallScore.get().floor is None


def test_the_list_of_groups_asks_as_often_for_three_as_for_one(marketer, engagement):
    terms.publish(engagement, {"half_life_days": 30})
    listed = page("scoring_pointgroup_changelist")
    marketer.get(listed)
    before = queries(lambda: marketer.get(listed))
    for name in ("Two", "Three"):
        terms.publish(PointGroup.objects.create(name=name), {"ceiling": 100})
    assert queries(lambda: marketer.get(listed)) == before


def test_saving_a_group_asks_a_fixed_number_of_queries(marketer, publish, engagement):
    address = page("scoring_pointgroup_change", engagement.pk)
    counts = []
    for days in ("10", "20", "30"):
        publish(5, source="profile_matches", params={"conditions": FRENCH})
        with CaptureQueriesContext(connection) as captured:
            marketer.post(address, terms_of(engagement, half_life_days=days))
        counts.append(len(captured))
    assert counts[1] == counts[2]


# --- as the marketer sees it ------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_the_forms_show_what_matters_as_it_is_typed(chromium, live_server, client):
    user = UserFactory(is_superuser=True)
    client.force_login(user)
    group = PointGroup.objects.create(name="Engagement")
    context = chromium.new_context(viewport={"width": 1400, "height": 1400})
    context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}])
    shown = context.new_page()
    wrong = []
    shown.on("pageerror", lambda error: wrong.append(str(error)))

    shown.goto(live_server.url + page("scoring_pointaction_add"))
    shown.select_option("#id_source", "asset_downloaded")
    expect(shown.locator("#id_cap_period")).to_be_hidden()
    shown.fill("#id_cap_amount", "3")
    expect(shown.locator("#id_cap_period")).to_be_visible()
    shown.select_option("#id_source", "profile_matches")
    expect(shown.locator("#id_repeat")).to_be_hidden()
    expect(shown.locator("#id_cap_amount")).to_be_visible()  # with what is wrong about it
    shown.fill("#id_cap_amount", "")
    expect(shown.locator("#id_cap_amount")).to_be_hidden()
    expect(shown.locator("#id_expires_after_days")).to_be_hidden()

    shown.goto(live_server.url + page("scoring_pointgroup_change", group.pk))
    figure = shown.locator("[data-half-life]")
    expect(figure).to_contain_text("Points keep their worth.")
    shown.fill("#id_half_life_days", "30")
    expect(figure).to_contain_text("10 points are worth 5 after 30 days, 2.50 after 60 days and 1.25 after 90 days.")
    expect(figure.locator("svg")).to_be_visible()
    shown.get_by_role("button", name="Save", exact=True).click()
    expect(shown.get_by_text("Scores are being recomputed.")).to_be_visible()
    assert wrong == []
    context.close()
