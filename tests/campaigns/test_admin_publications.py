"""The marketer's side of publishing a change: forms that add to the draft, its preview, publication, and taking it back."""

import csv
import io
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from campaigns import versions
from campaigns.admin.histograms import histogram
from campaigns.models import Delivery, Firing, Trigger, TriggerAction
from config import pipeline
from scoring import ledger, previews, publications, rules, terms
from scoring.models import (
    Edit,
    OverallScore,
    PointAction,
    PointGroup,
    Publication,
    Sweep,
)
from scoring.publishing.actions import state_of
from scoring.publishing.figures import Bin, figures, step
from scoring.tasks import forecast
from tests.factories import ContactFactory, TagFactory, UserFactory
from tests.scoring.conftest import SINCE, download, score, subject

pytestmark = pytest.mark.django_db
AT = datetime(2026, 3, 2, 10, tzinfo=UTC)
Scope = Publication.Scope
DRAFT_BUTTON = {
    "pointaction": "scoring_pointaction_add_to_draft",
    "pointgroup": "scoring_pointgroup_add_to_draft",
    "overallscore": "scoring_overallscore_add_to_draft",
    "trigger": "campaigns_trigger_add_to_draft",
}


@pytest.fixture
def marketer(client):
    user = UserFactory(username="marie", is_superuser=True)
    client.force_login(user)
    client.user = user
    return client


@pytest.fixture
def engagement():
    return PointGroup.objects.create(name="Engagement")


@pytest.fixture
def rule(engagement):
    action = PointAction.objects.create(
        name="Download", source="asset_downloaded", params={"only": []}, points=5, repeat="object", group=engagement
    )
    rules.publish(action, since=SINCE)
    return action


def people_of(rule, counts):
    """Contacts by name, each with so many downloads."""
    guides = [subject(f"guide {number}") for number in range(max(counts.values()))]
    found = {}
    for name, downloads in counts.items():
        found[name] = ContactFactory(email=f"{name}@example.com", first_name=name.title(), last_name="Test")
        for guide in guides[:downloads]:
            download(found[name], guide, AT)
    pipeline.drain()
    return found


@pytest.fixture
def people(rule):
    """Ada with 15 points, Bob with 10, Cleo with 5."""
    return people_of(rule, {"ada": 3, "bob": 2, "cleo": 1})


def a_trigger(threshold=20, name=None, **fields):
    made = Trigger.objects.create(name=name or f"At {threshold}", threshold=threshold, **fields)
    TriggerAction.objects.create(trigger=made, type="change_tags", params={"add": [TagFactory().pk], "remove": []})
    return made


def page(name, *args, app="scoring"):
    return reverse(f"admin:{app}_{name}", args=args)


def said(response):
    return [str(message) for message in response.context["messages"]]


def of_rule(rule, **changes):
    """What the browser posts from a point action's form."""
    return {
        "name": rule.name,
        "description": rule.description,
        "points": rule.points,
        "group": rule.group_id,
        "source": rule.source,
        "params__type": rule.source,
        "repeat": rule.repeat,
        "cap_unit": rule.cap_unit,
        "cap_period": rule.cap_period,
        "is_active": "on",
    } | changes


def of_group(group, **changes):
    return {
        "name": group.name,
        "description": "",
        "color": group.color,
        "position": group.position,
        "weight": str(group.weight),
        "cap_period": group.cap_period,
    } | changes


def of_trigger(trigger, rows=(), **changes):
    """… and from a trigger's, with rows of actions: (id or "", type, tag ids to add)."""
    posted = {
        "name": trigger.name,
        "description": "",
        "group": trigger.group_id or "",
        "direction": trigger.direction,
        "threshold": str(trigger.threshold),
        "conditions": "{}",
        "again": trigger.again,
        "rearm_at": "",
        "is_active": "on",
        "actions-TOTAL_FORMS": len(rows),
        "actions-INITIAL_FORMS": sum(bool(row[0]) for row in rows),
    }
    for number, (pk, type_, tags) in enumerate(rows):
        posted |= {
            f"actions-{number}-id": pk,
            f"actions-{number}-trigger": trigger.pk or "",
            f"actions-{number}-type": type_,
            f"actions-{number}-params__type": type_,
            f"actions-{number}-params__add": tags,
            f"actions-{number}-position": number,
        }
    return posted | changes


def draft_it(client, model, row, posted, seen=None):
    """Press “Add to the draft” on the form of a row, as it was opened now (or as `seen`)."""
    app = "campaigns" if model == "trigger" else "scoring"
    address = page(f"{model}_change", row.pk, app=app)
    opened = client.get(address).context["seen"] if seen is None else seen
    return client.post(address, posted | {"_draft_seen": opened, DRAFT_BUTTON[model]: "1"}, follow=True)


def edit(rule, **changes):
    draft = publications.open_draft()
    publications.add(draft, "point_action", rule.pk, state_of(rule) | changes)
    return draft


def previewed(draft, scope=Scope.PAST):
    previews.request(draft, scope)
    forecast()
    draft.refresh_from_db()
    return draft


# --- the forms --------------------------------------------------------------------------------------------------------


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


# --- the draft --------------------------------------------------------------------------------------------------------


def test_the_draft_shows_its_edits_and_lets_one_be_taken_out(marketer, rule, engagement):
    draft = edit(rule, points=7)
    publications.add(draft, "point_group", engagement.pk, {"weight": "3.00"}, marketer.user)
    answer = marketer.get(page("publication_change", draft.pk))

    assert [(told.edit.name, [(c.before, c.after) for c in told.changes][:1]) for told in answer.context["edits"]] == [
        ("Download", [("+5", "+7")]),
        ("Engagement", [("1", "3")]),
    ]
    taken = marketer.post(page("publication_change", draft.pk), {"remove": draft.edits.first().pk}, follow=True)
    assert said(taken) == ["“Download” was taken out of the draft."]
    assert [one.name for one in draft.edits.all()] == ["Engagement"]
    gone = marketer.post(page("publication_change", draft.pk), {"remove": "0"}, follow=True)
    assert said(gone) == ["It was taken out of the draft meanwhile."]


def test_the_draft_is_thrown_away_only_after_a_question(marketer, rule):
    draft = edit(rule, points=7)
    assert "1 edit is lost." in marketer.get(page("publication_discard", draft.pk)).content.decode()
    draft.refresh_from_db()
    assert draft.state == "draft"

    marketer.post(page("publication_discard", draft.pk))
    draft.refresh_from_db()
    assert draft.state == "discarded"


def test_a_preview_is_made_behind_the_scenes_and_its_page_follows(marketer, rule, people):
    draft = edit(rule, points=10)
    waiting = marketer.post(page("publication_change", draft.pk), {"preview": "1", "scope": "past"}, follow=True)
    assert "data-progress" in waiting.content.decode()
    status = page("publication_status", draft.pk)
    assert marketer.get(status).json() == {"going": True, "percent": 0, "sentence": "Waiting for its turn."}

    previews.step(size=1)
    assert marketer.get(status).json() == {"going": True, "percent": 33, "sentence": "1 of 3 contacts."}
    forecast()
    assert marketer.get(status).json() == {"going": False, "percent": 100, "sentence": "3 of 3 contacts."}
    assert "data-progress" not in marketer.get(page("publication_change", draft.pk)).content.decode()


def test_the_preview_says_how_many_change_by_how_much_and_who_most(rule, engagement, people):
    draft = previewed(edit(rule, points=7))
    overall, group = figures(draft)

    assert (overall.group, group.group) == (None, engagement)
    assert (group.changed, group.up, group.down, group.mean, group.median) == (3, 3, 0, 4, 4)
    assert [(m.contact.first_name, m.before, m.after, m.change) for m in group.risers] == [
        ("Ada", 15, 21, 6),
        ("Bob", 10, 14, 4),
        ("Cleo", 5, 7, 2),
    ]
    assert group.fallers == []
    assert [(b.low, b.high, b.before, b.after) for b in group.bins if b.before or b.after] == [
        (5, 6, 1, 0),
        (7, 8, 0, 1),
        (10, 11, 1, 0),
        (14, 15, 0, 1),
        (15, 16, 1, 0),
        (21, 22, 0, 1),
    ]


def test_steps_of_a_histogram_are_round_and_few():
    cases = [(0, 0), (0, 1), (3, 22), (-50, 50), (0, 999), (Decimal("-0.07"), Decimal("0.30")), (-1, 1_000_000)]
    assert [step(Decimal(low), Decimal(high)) for low, high in cases] == [
        Decimal(expected) for expected in ("0.01", "0.1", "2", "10", "100", "0.02", "100000")
    ]


def test_a_histogram_is_drawn_to_its_tallest_bar():
    picture = histogram([Bin(Decimal(0), Decimal(10), 4, 0), Bin(Decimal(10), Decimal(20), 0, 2)])

    assert [(bar.kind, bar.height, bar.title) for bar in picture.bars] == [
        ("before", "120.00", "0 … 10: 4"),
        ("after", "0.00", "0 … 10: 0"),
        ("before", "0.00", "10 … 20: 0"),
        ("after", "60.00", "10 … 20: 2"),
    ]
    assert ([label for _, label in picture.labels], picture.highest) == (["0", "10", "20"], 4)


def rows_of(response):
    text = b"".join(response.streaming_content).decode()
    assert text[0] == "\ufeff"
    return list(csv.reader(io.StringIO(text[1:])))


def test_the_files_name_exactly_who_changes_and_who_crosses(marketer, rule, people):
    a_trigger(20, name="=HYPERLINK(1)")
    hostile, who = "=cmd|' /C calc'!A0", ["contact", "email", "first name", "last name"]
    people["bob"].first_name = hostile
    people["bob"].save()
    draft = previewed(edit(rule, points=10))
    ada, bob, cleo = (str(people[name].pk) for name in ("ada", "bob", "cleo"))

    assert rows_of(marketer.get(page("publication_crossings", draft.pk))) == [
        ["trigger", "direction", "what would happen", *who, "score before", "score after"],
        ["'=HYPERLINK(1)", "up", "Waits for your release", ada, "ada@example.com", "Ada", "Test", "15.00", "30.00"],
        ["'=HYPERLINK(1)", "up", "Waits for your release", bob, "bob@example.com", "'" + hostile, "Test", "10.00", "20.00"],
    ]  # fmt: skip
    changes = rows_of(marketer.get(page("publication_changes", draft.pk)))
    assert changes[0] == [
        "contact",
        "email",
        "first name",
        "last name",
        "score",
        "score before",
        "score after",
        "change",
    ]
    assert sorted((row[0], row[4], row[7]) for row in changes[1:]) == sorted(
        (pk, name, change)
        for pk, change in ((ada, "15.00"), (bob, "10.00"), (cleo, "5.00"))
        for name in ("Engagement", "Overall score")
    )


def test_names_of_others_are_written_as_text(marketer, rule, people):
    hostile = "<script>alert(1)</script>"
    PointAction.objects.filter(pk=rule.pk).update(name=hostile)
    rule.refresh_from_db()
    a_trigger(20, name=hostile)
    people["ada"].first_name = hostile
    people["ada"].save()
    draft = edit(rule, points=10, name=hostile + "2")
    draft.note = hostile
    draft.save()
    previewed(draft)

    addresses = [page("publication_change", draft.pk), page("publication_publish", draft.pk) + "?scope=past"]
    addresses += [
        page("publication_changelist"),
        page("pointaction_change", rule.pk),
        page("publication_discard", draft.pk),
    ]
    for address in addresses:
        assert hostile not in marketer.get(address).content.decode()
    publications.publish(draft, Scope.PAST, note=hostile)
    pipeline.drain()
    after = [
        page("publication_change", draft.pk),
        page("publication_roll_back", draft.pk),
        page("publication_changelist"),
    ]
    after += [page("publication_release", draft.pk), page("pointaction_history", rule.pk)]
    after += [page("firing_changelist", app="campaigns") + f"?publication={draft.pk}"]
    for address in after:
        response = marketer.get(address)
        assert response.status_code == 200
        assert hostile not in response.content.decode()


# --- publishing -------------------------------------------------------------------------------------------------------


def test_publishing_names_the_numbers_and_warns_when_they_are_old_or_missing(marketer, rule, people):
    a_trigger(20)
    draft = edit(rule, points=10)
    address = page("publication_publish", draft.pk) + "?scope=past"
    assert marketer.get(address).context["doubts"] == ["No preview was made: you do not see yet whom this changes."]

    previewed(draft)
    context = marketer.get(address).context
    assert (context["doubts"], context["preview"]["people"], context["preview"]["held"]) == ([], 3, 2)
    assert marketer.get(page("publication_publish", draft.pk)).context["doubts"] == [
        "The preview was made for “Also for the past”."
    ]

    Publication.objects.filter(pk=draft.pk).update(forecast_done_at=timezone.now() - timedelta(hours=2))
    other = PointAction.objects.create(name="Other", source="email_opened", points=1, group=rule.group)
    rules.publish(other)
    assert marketer.get(address).context["doubts"] == [
        "Rules were changed since the preview was made.",
        "The preview was made 2\xa0hours ago: scores have moved since.",
    ]


def test_publishing_another_draft_than_was_looked_at_is_refused(marketer, rule, engagement):
    draft = edit(rule, points=10)
    seen = marketer.get(page("publication_publish", draft.pk)).context["seen"]
    publications.add(draft, "point_group", engagement.pk, {"weight": "3.00"})

    response = marketer.post(page("publication_publish", draft.pk), {"scope": "past", "seen": seen}, follow=True)
    assert said(response) == ["The draft was changed meanwhile: look at it again."]
    draft.refresh_from_db()
    assert draft.state == "draft"


def test_publishing_twice_says_that_it_is_done_already(marketer, rule):
    draft = edit(rule, points=10)
    posted = {"scope": "from_now", "note": " Spring ", "seen": publications.mark(draft)}
    assert said(marketer.post(page("publication_publish", draft.pk), posted, follow=True)) == ["Published."]
    draft.refresh_from_db()
    assert (draft.state, draft.scope, draft.note, draft.author) == ("published", "from_now", "Spring", marketer.user)

    again = marketer.post(page("publication_publish", draft.pk), posted, follow=True)
    assert said(again) == ["This draft was published or thrown away meanwhile."]
    removed = marketer.post(page("publication_change", draft.pk), {"remove": draft.edits.get().pk}, follow=True)
    assert said(removed) == ["This draft was published or thrown away meanwhile."]
    assert draft.edits.count() == 1


def test_a_publication_shows_its_progress_and_what_it_holds(marketer, rule, people):
    a_trigger(20)
    draft = edit(rule, points=10)
    publications.publish(draft, Scope.PAST, note="Spring")
    address = page("publication_change", draft.pk)
    assert "Cancel and roll back…" in marketer.get(address).content.decode()
    pipeline.advance(limit=1)
    assert marketer.get(page("publication_status", draft.pk)).json() == {
        "going": True,
        "percent": 33,
        "sentence": "1 of 3 contacts.",
    }
    pipeline.drain()

    context = marketer.get(address).context
    assert (context["progress"], context["held"]) == (None, 2)
    assert [(row["trigger__name"], row["label"], row["count"]) for row in context["firings"]] == [
        ("At 20", "Waiting for release", 2)
    ]


def test_firings_of_a_publication_are_released_or_declined_all_at_once_and_found_by_it(marketer, rule, people):
    a_trigger(20)
    draft = edit(rule, points=10)
    publications.publish(draft, Scope.PAST, note="Spring")
    pipeline.drain()
    listed = marketer.get(page("firing_changelist", app="campaigns"), {"publication": draft.pk, "state": "held"})
    assert {firing.contact for firing in listed.context["cl"].result_list} == {people["ada"], people["bob"]}
    assert (
        len(marketer.get(page("firing_changelist", app="campaigns"), {"publication": "x"}).context["cl"].result_list)
        == 0
    )

    assert "2 firings act at once" in marketer.get(page("publication_release", draft.pk)).content.decode()
    assert Delivery.objects.count() == 0
    assert said(marketer.post(page("publication_release", draft.pk), follow=True)) == ["2 released."]
    assert Delivery.objects.count() == 2
    assert said(marketer.post(page("publication_release", draft.pk), follow=True)) == ["0 released."]
    assert said(marketer.post(page("publication_decline", draft.pk), follow=True)) == ["0 declined."]
    assert Delivery.objects.count() == 2


def test_a_publication_is_rolled_back_unless_a_later_one_changed_the_same(marketer, rule, people):
    a_trigger(20)
    draft = edit(rule, points=10)
    publications.publish(draft, Scope.PAST, note="First")
    pipeline.drain()
    rule.refresh_from_db()
    later = edit(rule, points=11)
    publications.publish(later, Scope.PAST, note="Second")
    pipeline.drain()

    assert "changed again since" in marketer.get(page("publication_change", draft.pk)).content.decode()
    assert "roll that back first" in marketer.get(page("publication_roll_back", draft.pk)).content.decode()
    refused = marketer.post(page("publication_roll_back", draft.pk), follow=True)
    assert said(refused) == ["“Download” was changed again since: roll that back first."]

    for publication in (later, draft):
        marketer.post(page("publication_roll_back", publication.pk))
        pipeline.drain()
    assert [score(people[name]) for name in ("ada", "bob", "cleo")] == [15, 10, 5]
    assert set(Firing.objects.values_list("state", flat=True)) == {"outdated"}
    draft.refresh_from_db()
    assert "Put into force again…" in marketer.get(page("publication_change", draft.rolled_back_by_id)).text
    question = marketer.get(page("publication_roll_back", draft.rolled_back_by_id)).text
    assert "Put “First” into force again?" in question
    marketer.post(page("publication_roll_back", draft.rolled_back_by_id))
    pipeline.drain()
    assert [score(people[name]) for name in ("ada", "bob", "cleo")] == [30, 20, 10]
    assert "Roll back…" in marketer.get(page("publication_change", draft.pk)).text


def test_a_release_says_how_many_are_no_longer_true_and_does_nothing_for_them(marketer, rule, people):
    a_trigger(20)
    draft = edit(rule, points=10)
    publications.publish(draft, Scope.PAST, note="Spring")
    pipeline.drain()
    ledger.adjust(people["bob"].pk, rule.group_id, -15, note="gone")
    pipeline.drain()

    question = marketer.get(page("publication_release", draft.pk)).text
    assert "1 firing acts at once" in question
    assert "1 firing is no longer true" in question
    answer = marketer.post(page("publication_release", draft.pk), follow=True)
    assert said(answer) == ["1 released. 1 is no longer true: nothing was done."]
    assert Delivery.objects.get().contact == people["ada"]
    outdated = Firing.objects.get(state="outdated")
    shown = marketer.get(page("firing_change", outdated.pk, app="campaigns")).text
    assert "No longer true" in shown
    assert "a later crossing acts" in shown


@pytest.mark.parametrize("way", ["discarded", "taken out"])
def test_what_was_made_for_a_draft_that_comes_to_nothing_is_archived(marketer, engagement, way):
    new = PointAction(name="New", source="asset_downloaded", points=3, repeat="object", group=engagement)
    marketer.post(page("pointaction_add"), of_rule(new) | {DRAFT_BUTTON["pointaction"]: "1"})
    made = PointAction.objects.get()
    draft = Publication.objects.get()
    if way == "discarded":
        assert (
            f"What was made for this draft is archived: {made.name}."
            in marketer.get(page("publication_discard", draft.pk)).text
        )
        marketer.post(page("publication_discard", draft.pk))
    else:
        answer = marketer.post(page("publication_change", draft.pk), {"remove": draft.edits.get().pk}, follow=True)
        assert "as it had been made for it" in said(answer)[-1]

    made.refresh_from_db()
    assert (made.is_active, made.archived_at is None, made.versions.count()) == (False, False, 0)


def test_an_archived_group_is_not_published_into(marketer, rule, people):
    other = PointGroup.objects.create(name="Old news")
    draft = edit(rule, group=other.pk)
    PointGroup.objects.filter(pk=other.pk).update(archived_at=timezone.now())

    seen = {"scope": "past", "seen": publications.mark(draft)}
    answer = marketer.post(page("publication_publish", draft.pk), seen, follow=True)
    assert said(answer) == ["The point group “Old news” is archived: bring it back first, or choose another one."]
    rule.refresh_from_db()
    assert rule.group != other


def test_forms_offer_the_groups_in_use_and_the_one_that_is_chosen(marketer, rule):
    archived, chosen = PointGroup.objects.create(name="Old news"), PointGroup.objects.create(name="Old but chosen")
    PointAction.objects.filter(pk=rule.pk).update(group=chosen)
    PointGroup.objects.filter(pk__in=[archived.pk, chosen.pk]).update(archived_at=timezone.now())

    offered = marketer.get(page("pointaction_change", rule.pk)).context["adminform"].form.fields["group"].queryset
    assert set(offered) == set(PointGroup.objects.exclude(pk=archived.pk))
    for add in ("pointaction_add", "adjustment_add", "leaderboard_add", "backtest_add"):
        offered = marketer.get(page(add)).context["adminform"].form.fields["group"].queryset
        assert not set(offered) & {archived, chosen}


# --- who may, at what cost --------------------------------------------------------------------------------------------


@pytest.fixture
def allowed(client):
    """allowed("view_publication", …): a client of somebody who may do these things and no others."""

    def allowed(*names):
        user = UserFactory()
        user.user_permissions.set(Permission.objects.filter(codename__in=names))
        client.force_login(user)
        return client

    return allowed


LOOKING = ("publication_change", "publication_changelist", "publication_status")
EDITING = ("publication_discard",)
PUBLISHING = ("publication_publish", "publication_roll_back")


@pytest.mark.parametrize(
    ("permissions", "expected"),
    [
        ((), {}),
        (("view_publication",), dict.fromkeys(LOOKING, 200)),
        (("change_publication",), dict.fromkeys((*LOOKING, *EDITING), 200)),
        (("view_publication", "publish_publication"), dict.fromkeys((*LOOKING, "publication_publish"), 200)),
    ],
    ids=["nobody", "who looks", "who edits", "who publishes"],
)
def test_pages_open_for_those_who_may(allowed, rule, permissions, expected):
    draft = edit(rule, points=7)
    client = allowed(*permissions)
    found = {}
    for name in (*LOOKING, *EDITING, "publication_publish"):
        address = page(name) if name == "publication_changelist" else page(name, draft.pk)
        found[name] = client.get(address).status_code
    assert {name: code for name, code in found.items() if code != 403} == expected


def test_who_may_not_is_refused_and_nothing_happens(allowed, rule, people):
    draft = previewed(edit(rule, points=7))
    client = allowed("view_publication", "view_pointaction", "change_pointaction")
    for name, posted in (
        ("publication_change", {"preview": "1"}),
        ("publication_change", {"remove": draft.edits.get().pk}),
        ("publication_discard", {}),
        ("publication_publish", {"scope": "past", "seen": publications.mark(draft)}),
        ("publication_release", {}),
        ("publication_decline", {}),
    ):
        assert client.post(page(name, draft.pk), posted).status_code == 403
    for name in ("publication_crossings", "publication_changes"):
        assert client.get(page(name, draft.pk)).status_code == 403
    shown = client.get(page("publication_change", draft.pk)).content.decode()
    assert "Ada" not in shown
    assert "Publish…" not in shown
    opened = client.get(page("pointaction_change", rule.pk))
    assert (opened.context["adminform"].form["points"].value(), "Add to the draft" in opened.content.decode()) == (
        5,
        False,
    )
    button = {DRAFT_BUTTON["pointaction"]: "1"}
    assert client.post(page("pointaction_change", rule.pk), of_rule(rule, points=8) | button).status_code == 403
    draft.refresh_from_db()
    assert (draft.state, draft.edits.get().after["points"]) == ("draft", 7)


def queries(client, address):
    with CaptureQueriesContext(connection) as asked:
        assert client.get(address).status_code == 200
    return len(asked)


def test_the_pages_ask_no_more_for_many_contacts_than_for_few(marketer, rule):
    a_trigger(20)
    people_of(rule, {"ada": 3, "bob": 2})
    draft = previewed(edit(rule, points=10))
    addresses = [page("publication_change", draft.pk), page("publication_publish", draft.pk) + "?scope=past"]
    for address in addresses:
        marketer.get(address)
    few = [queries(marketer, address) for address in addresses]

    guide = subject("more")
    for number in range(12):
        for about in (guide, subject(f"other {number}")):
            download(ContactFactory(email=f"c{number}@example.org") if about is guide else None, about, AT)
    pipeline.drain()
    previewed(draft)
    assert [queries(marketer, address) for address in addresses] == few


def test_the_list_begins_with_the_draft_and_names_each(marketer, rule):
    first = edit(rule, points=7)
    publications.publish(first, Scope.FROM_NOW, note="Spring")
    rule.refresh_from_db()
    publications.discard(edit(rule, points=8))
    draft = edit(rule, points=9)
    draft2 = marketer.get(page("publication_changelist")).context["cl"].result_list
    assert [one.state for one in draft2] == ["draft", "discarded", "published"]
    assert draft2[0] == draft
    one = queries(marketer, page("publication_changelist"))
    publications.discard(draft)
    edit(rule, points=4)
    assert queries(marketer, page("publication_changelist")) == one


def test_what_was_saved_directly_stands_below_the_list_with_its_history(marketer, rule, engagement):
    trigger = a_trigger(name="Hot")
    versions.keep(trigger, marketer.user)
    terms.publish(engagement, {"ceiling": 100}, marketer.user)
    edit(rule, points=7)

    listed = marketer.get(page("publication_changelist")).context["latest"]
    assert [(one.name, one.number, one.author) for one in listed] == [
        ("Engagement", 2, marketer.user),
        ("Engagement", 1, None),
        ("Hot", 1, marketer.user),
        ("Download", 1, None),
    ]
    assert listed[2].page == f"{page('trigger_history', trigger.pk, app='campaigns')}#v1"


def test_the_first_page_says_that_a_draft_waits_and_a_change_is_under_way(marketer, rule, people):
    assert "data-draft" not in marketer.get(reverse("admin:index")).content.decode()
    draft = edit(rule, points=10)
    assert "1 edit waits in the draft." in marketer.get(reverse("admin:index")).content.decode()

    publications.publish(draft, Scope.PAST, note="Spring")
    pipeline.advance(limit=1)
    shown = marketer.get(reverse("admin:index")).content.decode()
    assert "“Spring” is being carried out: 1 of 3 contacts." in shown
    assert "waits in the draft" not in shown
