"""Edits are put into the draft from the forms and lists of what they change."""

from decimal import Decimal

import pytest

from campaigns.models import Trigger, TriggerAction
from scoring import publications, rules, terms
from scoring.models import (
    Edit,
    OverallScore,
    PointAction,
    Publication,
    Sweep,
)
from scoring.publishing.actions import state_of
from tests.campaigns.drafting import (
    DRAFT_BUTTON,
    Scope,
    a_trigger,
    draft_it,
    edit,
    of_group,
    of_rule,
    of_trigger,
    page,
    said,
)
from tests.factories import TagFactory, UserFactory

pytestmark = pytest.mark.django_db


def test_a_point_action_goes_into_the_draft_and_stays_as_it_is(marketer, rule):
    response = draft_it(marketer, "pointaction", rule, of_rule(rule, points=7, name="Reads"))

    drafted = Edit.objects.get()
    assert response.redirect_chain == [(page("publication_change", drafted.publication_id), 302)]
    assert (drafted.before, drafted.after) == (state_of(rule), state_of(rule) | {"points": 7, "name": "Reads"})
    assert (drafted.author, drafted.version.points) == (marketer.user, 7)
    rule.refresh_from_db()
    assert (rule.points, rule.name, rules.in_force(rule).points) == (5, "Download", 5)
    assert Sweep.objects.count() == 0


def test_the_form_offers_what_the_draft_says_and_a_bar_says_so(marketer, rule):
    edit(rule, points=7, source="email_opened", params={"only": []})
    response = marketer.get(page("pointaction_change", rule.pk))

    form = response.context["adminform"].form
    assert (form["points"].value(), form["source"].value()) == (7, "email_opened")
    text = response.content.decode()
    assert "<del>+5</del> → <ins>+7</ins>" in text
    assert page("publication_change", Publication.objects.get().pk) in text
    assert "draft-bar" not in marketer.get(page("pointaction_add")).content.decode()


def test_a_form_with_mistakes_comes_back_and_nothing_is_drafted(marketer, rule):
    response = draft_it(marketer, "pointaction", rule, of_rule(rule, points=""))

    assert (response.status_code, list(response.context["adminform"].form.errors)) == (200, ["points", "__all__"])
    assert Publication.objects.count() == 0
    rule.refresh_from_db()
    assert rule.points == 5


def test_a_new_point_action_is_made_switched_off_and_waits_in_the_draft(marketer, engagement):
    new = PointAction(name="New", source="asset_downloaded", points=3, repeat="object", group=engagement)
    response = marketer.post(page("pointaction_add"), of_rule(new) | {DRAFT_BUTTON["pointaction"]: "1"}, follow=True)

    assert response.status_code == 200
    made = PointAction.objects.get()
    drafted = Edit.objects.get()
    assert (made.is_active, drafted.before["is_active"], drafted.after["is_active"]) == (False, False, True)
    assert rules.in_force(made) is None


def test_how_it_stands_already_is_no_edit_and_takes_an_earlier_one_out(marketer, rule):
    draft_it(marketer, "pointaction", rule, of_rule(rule))
    assert Publication.objects.count() == 0

    draft_it(marketer, "pointaction", rule, of_rule(rule, points=7))
    response = draft_it(marketer, "pointaction", rule, of_rule(rule))
    assert Edit.objects.count() == 0
    assert said(response) == ["This is how it stands already: there is nothing to publish about it."]


def test_terms_of_a_group_are_drafted_and_its_name_is_not(marketer, engagement):
    draft_it(marketer, "pointgroup", engagement, of_group(engagement, weight="2", half_life_days="30"))
    drafted = Edit.objects.get()
    assert (drafted.type, drafted.after["weight"], drafted.after["half_life_days"]) == ("point_group", "2.00", 30)
    opened = marketer.get(page("pointgroup_change", engagement.pk)).context["adminform"].form
    assert (opened["weight"].value(), opened["half_life_days"].value()) == (Decimal(2), 30)

    response = draft_it(marketer, "pointgroup", engagement, of_group(engagement, name="Other", weight="3"))
    assert list(response.context["adminform"].form.errors) == ["name", "__all__"]
    assert Edit.objects.get().after["weight"] == "2.00"
    engagement.refresh_from_db()
    assert (engagement.name, engagement.weight) == ("Engagement", 1)


def test_the_bounds_of_the_overall_score_are_drafted(marketer):
    overall = OverallScore.get()
    draft_it(marketer, "overallscore", overall, {"floor": "0", "ceiling": "100"})

    assert Edit.objects.get().after == {"floor": 0, "ceiling": 100}
    assert marketer.get(page("overallscore_change", overall.pk)).context["adminform"].form["ceiling"].value() == 100


def test_a_trigger_is_drafted_with_its_actions(marketer):
    made = a_trigger()
    kept, gone = made.actions.get(), None
    gone = TriggerAction.objects.create(trigger=made, type="change_tags", params={"add": [], "remove": []}, position=1)
    tag = TagFactory(name="New")
    rows = [(kept.pk, "change_tags", [tag.pk]), (gone.pk, "change_tags", []), ("", "change_tags", [tag.pk])]
    posted = of_trigger(made, rows, threshold="30") | {"actions-1-DELETE": "on"}
    draft_it(marketer, "trigger", made, posted)

    drafted = Edit.objects.get()
    assert drafted.after["threshold"] == "30.00"
    assert [(row["id"], row["params"]) for row in drafted.after["actions"]] == [
        (kept.pk, {"add": [tag.pk], "remove": []}),
        (None, {"add": [tag.pk], "remove": []}),
    ]
    made.refresh_from_db()
    assert (made.threshold, made.actions.count()) == (20, 2)

    response = marketer.get(page("trigger_change", made.pk, app="campaigns"))
    formset = response.context["inline_admin_formsets"][0].formset
    assert response.context["adminform"].form["threshold"].value() == 30
    assert [(f.instance.pk, f["type"].value(), f["DELETE"].value()) for f in formset.forms] == [
        (kept.pk, "change_tags", None),
        (gone.pk, "change_tags", True),
        (None, "change_tags", None),
    ]


def test_a_new_trigger_waits_in_the_draft_switched_off(marketer):
    new = Trigger(name="Hot", threshold=12)
    posted = of_trigger(new, [("", "change_tags", [TagFactory().pk])]) | {DRAFT_BUTTON["trigger"]: "1"}
    marketer.post(page("trigger_add", app="campaigns"), posted)

    made, drafted = Trigger.objects.get(), Edit.objects.get()
    assert (made.is_active, made.actions.count(), drafted.after["is_active"]) == (False, 0, True)
    publications.publish(drafted.publication, Scope.FROM_NOW)
    made.refresh_from_db()
    assert (made.is_active, made.actions.count()) == (True, 1)


@pytest.mark.parametrize("model", ["pointaction", "trigger"])
def test_several_are_switched_in_the_draft_and_stay_as_they_are(marketer, rule, model):
    rows = [rule] if model == "pointaction" else [a_trigger()]
    app = "campaigns" if model == "trigger" else "scoring"
    listed = page(f"{model}_changelist", app=app)

    def choose(action):
        posted = {"action": action, "_selected_action": [row.pk for row in rows]}
        return " ".join(said(marketer.post(listed, posted, follow=True)))

    assert "1 changed in the draft." in choose("draft_off")
    [waiting] = Edit.objects.all()
    assert (waiting.before["is_active"], waiting.after["is_active"], waiting.author) == (True, False, marketer.user)
    rows[0].refresh_from_db()
    assert rows[0].is_active
    assert "0 changed in the draft." in choose("draft_off")
    assert "1 changed in the draft." in choose("draft_on")
    assert Edit.objects.count() == 0


def test_switching_in_the_draft_keeps_what_else_is_drafted_and_skips_what_changed_outside(marketer, rule):
    listed = page("pointaction_changelist")
    posted = {"action": "draft_off", "_selected_action": [rule.pk]}
    edit(rule, points=7)
    marketer.post(listed, posted)
    assert {name: Edit.objects.get().after[name] for name in ("points", "is_active")} == {
        "points": 7,
        "is_active": False,
    }

    rule.points = 9
    rule.save()
    answer = marketer.post(listed, posted | {"action": "draft_on"}, follow=True)
    assert "“Download”: changed outside the draft since. Open it, look, and add it again." in said(answer)
    assert Edit.objects.get().after["is_active"] is False


def test_the_form_of_a_group_says_what_saving_does_at_once(marketer, engagement):
    note = "“Save” changes every score of the group at once"

    assert note in marketer.get(page("pointgroup_change", engagement.pk)).content.decode()
    assert note not in marketer.get(page("pointgroup_add")).content.decode()


def test_nobody_writes_over_what_somebody_else_put_into_the_draft_meanwhile(marketer, rule):
    opened = marketer.get(page("pointaction_change", rule.pk)).context["seen"]
    paul = UserFactory(username="paul", is_superuser=True)
    publications.add(publications.open_draft(paul), "point_action", rule.pk, state_of(rule) | {"points": 9}, paul)

    response = draft_it(marketer, "pointaction", rule, of_rule(rule, points=7), seen=opened)
    assert response.context["adminform"].form.errors["__all__"] == [
        "paul changed this in the draft meanwhile: points +5 → +9. Look at it again; adding it now puts yours in its place."
    ]
    assert Edit.objects.get().after["points"] == 9

    again = response.context["seen"]
    draft_it(marketer, "pointaction", rule, of_rule(rule, points=7), seen=again)
    assert (Edit.objects.get().after["points"], Edit.objects.get().author) == (7, marketer.user)


def test_a_rule_changed_outside_the_draft_is_not_changed_back_by_publishing(marketer, rule):
    draft = edit(rule, points=7)
    rule.description = "Saved at once"
    rule.save()

    assert "changed outside the draft since" in marketer.get(page("publication_change", draft.pk)).content.decode()
    posted = {"scope": "past", "seen": publications.mark(draft)}
    response = marketer.post(page("publication_publish", draft.pk), posted, follow=True)
    assert said(response) == ["“Download” was changed outside the draft since: look at it again, or take it out."]

    rule.refresh_from_db()
    draft_it(marketer, "pointaction", rule, of_rule(rule, points=7))
    posted = {"scope": "past", "seen": publications.mark(draft)}
    assert said(marketer.post(page("publication_publish", draft.pk), posted, follow=True)) == ["Published."]
    rule.refresh_from_db()
    assert (rule.points, rule.description) == (7, "Saved at once")


# --- saved at once, by two ---------------------------------------------------------------------------------------------


def saved_by_two(client, model, row, posted, meanwhile):
    """What the form answers whose row somebody else saved while it was open."""
    address = page(f"{model}_change", row.pk, app="campaigns" if model == "trigger" else "scoring")
    opened = client.get(address).context["stood"]
    meanwhile()
    return client.post(address, posted | {"_stood": opened})


def test_nobody_saves_over_what_somebody_else_saved_meanwhile(marketer, rule):
    paul = UserFactory(username="paul", is_superuser=True)

    def meanwhile():
        rule.points = 9
        rule.save()
        rules.publish(rule, author=paul)

    response = saved_by_two(marketer, "pointaction", rule, of_rule(rule, points=7), meanwhile)
    assert response.context["adminform"].form.errors["__all__"] == [
        "paul saved this meanwhile: points +5 → +9. Look at it again; saving now puts yours in its place."
    ]
    assert response.context["adminform"].form["points"].value() == "7"
    rule.refresh_from_db()
    assert rule.points == 9

    again = of_rule(rule, points=7) | {"_stood": response.context["stood"]}
    assert marketer.post(page("pointaction_change", rule.pk), again).status_code == 302
    rule.refresh_from_db()
    assert (rule.points, rule.versions.count()) == (7, 3)


def test_a_button_that_is_pressed_twice_saves_once(marketer, rule):
    address = page("pointaction_change", rule.pk)
    posted = of_rule(rule, points=7) | {"_stood": marketer.get(address).context["stood"]}

    assert [marketer.post(address, posted).status_code for _ in range(2)] == [302, 302]
    assert rule.versions.count() == 2


def test_a_form_with_another_mistake_still_knows_when_it_was_opened(marketer, rule):
    opened = marketer.get(page("pointaction_change", rule.pk)).context["stood"]
    wrong = marketer.post(page("pointaction_change", rule.pk), of_rule(rule, points="") | {"_stood": opened})
    assert list(wrong.context["adminform"].form.errors) == ["points"]
    PointAction.objects.update(description="Meanwhile")

    refused = marketer.post(page("pointaction_change", rule.pk), of_rule(rule) | {"_stood": wrong.context["stood"]})
    assert "Somebody saved this meanwhile: " in refused.context["adminform"].form.errors["__all__"][0]


def test_terms_bounds_and_triggers_are_not_saved_over_either(marketer, engagement):
    trigger = a_trigger()
    bounds = OverallScore.get()
    [step] = trigger.actions.all()
    forms = [
        ("pointgroup", engagement, of_group(engagement, weight="3"), lambda: terms.publish(engagement, {"weight": 2})),
        ("overallscore", bounds, {"floor": "0", "ceiling": "50"}, lambda: terms.publish_overall(0, 100)),
        ("trigger", trigger, of_trigger(trigger, [(step.pk, "change_tags", [])]), lambda: trigger.actions.all().delete()),
    ]  # fmt: skip
    for model, row, posted, meanwhile in forms:
        response = saved_by_two(marketer, model, row, posted, meanwhile)
        assert "Somebody saved this meanwhile: " in response.context["adminform"].form.errors["__all__"][0]
    engagement.refresh_from_db()
    assert (engagement.weight, OverallScore.get().ceiling, trigger.actions.count()) == (2, 100, 0)


def test_what_was_made_up_or_left_out_of_the_form_is_not_held_against_anybody(marketer, rule):
    for made_up in ("", "nonsense", "e30:1abc:xyz", "\0", "é" * 5000):
        answer = marketer.post(page("pointaction_change", rule.pk), of_rule(rule, points=7) | {"_stood": made_up})
        assert answer.status_code == 302
