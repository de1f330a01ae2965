"""Groups, adjustments, the ledger and leaderboards in the admin, and who may."""

import re

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse

from config import pipeline
from contacts.models import Contact
from scoring import ledger, sql
from scoring.models import (
    Adjustment,
    Leaderboard,
    PointAction,
    PointEntry,
    Repeat,
    Sweep,
)
from tests.factories import CompanyFactory, ContactFactory, FormFactory, StageFactory, UserFactory
from tests.scoring.conftest import download, score, subject
from tests.scoring.posting import AT, FRENCH, errors, form_page, page, queries, values

pytestmark = pytest.mark.django_db


# --- groups, ledger, adjustments ---------------------------------------------------------------------------------------


def test_a_new_weight_owes_a_sweep_and_the_scores_follow(marketer, publish, fit):
    publish(10, group=fit)
    ada = ContactFactory()
    download(ada, subject("guide"), AT)
    pipeline.drain()
    assert score(ada) == 20
    posted = {"name": "Fit", "color": "#112233", "position": "0", "weight": "0.5"}
    said = marketer.post(page("scoring_pointgroup_change", fit.pk), posted, follow=True).content.decode()

    assert "Scores are being recomputed." in said
    assert page("scoring_sweep_changelist") in said
    pipeline.drain()
    assert (score(ada), Sweep.objects.get().seen) == (5, 1)
    assert sql.differences() == []

    marketer.post(page("scoring_pointgroup_change", fit.pk), posted | {"name": "Match"})
    assert Sweep.objects.count() == 1


@pytest.mark.parametrize("weight", ["-1", "10000", "x", ""])
def test_a_weight_that_is_none_is_refused(marketer, fit, weight):
    posted = {"name": "Fit", "color": "#112233", "position": "0", "weight": weight}
    response = marketer.post(page("scoring_pointgroup_change", fit.pk), posted)

    assert errors(response)
    assert "constraint" not in response.content.decode().lower()
    fit.refresh_from_db()
    assert fit.weight == 2


def test_an_adjustment_is_given_by_hand_with_author_and_note(marketer, engagement, monkeypatch):
    monkeypatch.setattr("scoring.admin.ledger.doorbell.ring", lambda: None)
    ada = ContactFactory()
    form = marketer.get(page("scoring_adjustment_add")).content.decode()
    assert "A negative number takes points. Triggers fire as for any other points." in form
    posted = {"contact": ada.pk, "group": engagement.pk, "points": "-7", "note": "Student"}
    response = marketer.post(page("scoring_adjustment_add"), posted)
    pipeline.drain()

    assert response.url == page("contacts_contact_overview", ada.pk)  # where the points are seen
    [given] = Adjustment.objects.all()
    assert (given.author, given.points, given.note, given.origin) == (marketer.user, -7, "Student", "manual")
    assert score(ada) == -7


@pytest.mark.parametrize(
    ("more", "field"), [({"points": "0"}, "points"), ({"note": ""}, "note"), ({"contact": "0"}, "contact")]
)
def test_what_is_wrong_about_an_adjustment_is_said_in_words(marketer, engagement, more, field):
    posted = {"contact": ContactFactory().pk, "group": engagement.pk, "points": "1", "note": "x"} | more
    response = marketer.post(page("scoring_adjustment_add"), posted)

    assert field in errors(response)
    assert "constraint" not in response.content.decode().lower()
    assert Adjustment.objects.count() == 0


def test_an_adjustment_is_never_edited_or_deleted(marketer, engagement):
    given = ledger.adjust(ContactFactory().pk, engagement.pk, 5, note="x")
    address = page("scoring_adjustment_change", given.pk)

    assert marketer.get(address).status_code == 200
    assert marketer.post(address, {"points": "50"}).status_code == 403
    assert marketer.post(page("scoring_adjustment_delete", given.pk), {"post": "yes"}).status_code == 403
    given.refresh_from_db()
    assert given.points == 5


def test_points_taken_away_have_a_minus_sign_where_people_read_and_a_hyphen_where_they_type(marketer, publish):
    rule = publish(-7)
    given = ledger.adjust(ContactFactory().pk, rule.group_id, -5, note="x")

    assert "−5</" in marketer.get(page("scoring_adjustment_changelist")).content.decode()
    assert "−5</" in marketer.get(page("scoring_adjustment_change", given.pk)).content.decode()
    assert 'value="-7"' in marketer.get(page("scoring_pointaction_change", rule.pk)).content.decode()


def test_the_ledger_lists_lines_with_their_reasons_in_a_fixed_number_of_queries(marketer, publish):
    publish(5, repeat=Repeat.ONCE_PER_OBJECT)
    listed = page("scoring_pointentry_changelist")

    def add():
        download(ContactFactory(), subject(f"guide {PointEntry.objects.count()}"), AT)
        pipeline.drain()

    add()
    shown = marketer.get(listed).content.decode()
    assert "guide 0" in shown
    assert "+5" in shown
    assert "0001" not in shown  # once per object has no period
    before = queries(lambda: marketer.get(listed))
    add()
    add()
    assert queries(lambda: marketer.get(listed)) == before
    assert marketer.get(page("scoring_pointentry_change", PointEntry.objects.first().pk)).status_code == 302


def test_the_ledger_is_narrowed_to_a_rule_and_to_whom_one_searches(marketer, publish):
    first, second = publish(5), publish(7)
    anne, bob = ContactFactory(last_name="Archer"), ContactFactory(last_name="Baker")
    guide = subject("guide")
    for contact in (anne, bob):
        download(contact, guide, AT)
    pipeline.drain()

    def listed(query):
        rows = marketer.get(f"{page('scoring_pointentry_changelist')}?{query}").context["cl"].result_list
        return [(row.contact, row.action) for row in rows]

    assert listed("") == [(bob, second), (bob, first), (anne, second), (anne, first)]
    assert listed(f"action={first.pk}") == [(bob, first), (anne, first)]
    assert listed("action=x") == listed("")
    assert listed("q=arch") == [(anne, second), (anne, first)]


# --- leaderboards -----------------------------------------------------------------------------------------------------


def test_the_list_of_leaderboards_names_the_overall_score(marketer, engagement):
    Leaderboard.objects.create(name="Hottest")
    Leaderboard.objects.create(name="Engaged", group=engagement)
    shown = marketer.get(page("scoring_leaderboard_changelist")).content.decode()

    assert [
        re.sub(r"<[^>]+>", "", cell).strip() for cell in re.findall(r'<td class="field-score.*?</td>', shown, re.S)
    ] == [
        "Engagement",
        "Overall score",
    ]


def test_the_boards_answer_who_is_first_among_whom(marketer, publish, fit):
    publish(5, repeat=Repeat.ALWAYS)
    publish(10, source="profile_matches", params={"conditions": FRENCH}, group=fit)
    guide = subject("guide")
    contacts = {}
    for name, country, count in (("ada", "FR", 1), ("bob", "GB", 3), ("eve", "FR", 2), ("zoe", "GB", 0)):
        contacts[name] = ContactFactory(
            first_name=name, country=country, company=CompanyFactory(), stage=StageFactory()
        )
        for _ in range(count):
            download(contacts[name], guide, AT)
    pipeline.drain()
    Leaderboard.objects.create(name="Hottest", question="Who?", position=1, size=2)
    Leaderboard.objects.create(name="French", conditions=FRENCH, position=2)
    Leaderboard.objects.create(name="Fitting", group=fit, position=3)
    response = marketer.get(page("scoring_leaderboard_board"))

    found = {
        shown.board.name: [(p.rank, p.contact.first_name, p.score, p.share) for p in shown.places]
        for shown in response.context["boards"]
    }
    assert found == {
        "Hottest": [(1, "eve", 30.0, 100), (2, "ada", 25.0, 83)],
        "French": [(1, "eve", 30.0, 100), (2, "ada", 25.0, 83)],
        "Fitting": [(1, "ada", 10.0, 100), (2, "eve", 10.0, 100)],
    }
    assert [shown.sentences for shown in response.context["boards"]] == [
        ["The first 2 of 3 contacts with points here."],
        [
            "All 2 contacts with points here.",
            "Only contacts for whom this is true: country is France. All others are left out.",
        ],
        ["All 2 contacts with points here."],
    ]
    rest = re.findall(r'<a class="bareme-link" href="([^"]*)">All contacts by this score', response.content.decode())
    assert rest == [f"{page('contacts_contact_changelist')}?o={place}" for place in (5, 5, 7)]
    assert [one.first_name for one in marketer.get(rest[2]).context["cl"].result_list][:2] == ["ada", "eve"]
    before = queries(lambda: marketer.get(page("scoring_leaderboard_board")))
    Contact.objects.update(merged_into=None)
    assert queries(lambda: marketer.get(page("scoring_leaderboard_board"))) == before


def test_a_board_without_anybody_says_so(marketer):
    Leaderboard.objects.create(name="Hottest")

    assert "Nobody has points here yet." in marketer.get(page("scoring_leaderboard_board")).content.decode()


def test_a_board_is_made_with_conditions_and_wrong_ones_are_said(marketer, fit):
    posted = {"name": "French", "group": fit.pk, "size": "5", "position": "0"}
    tree = '{"all": [{"filter": "field", "field": "country", "op": "is", "value": "FR"}]}'
    marketer.post(page("scoring_leaderboard_add"), posted | {"conditions": tree})
    refused = marketer.post(page("scoring_leaderboard_add"), posted | {"name": "x", "conditions": '{"any": [1]}'})

    assert [(board.name, board.conditions) for board in Leaderboard.objects.all()] == [("French", FRENCH)]
    assert "conditions" in errors(refused)


@pytest.mark.parametrize("size", ["0", "501", "32767", "99999999999999999999", "-1", ""])
def test_a_board_shows_as_many_as_can_be_looked_at(marketer, size):
    refused = marketer.post(
        page("scoring_leaderboard_add"), {"name": "x", "size": size, "position": "0", "conditions": "{}"}
    )

    assert list(errors(refused)) == ["size"]
    assert Leaderboard.objects.count() == 0


# --- who may --------------------------------------------------------------------------------------------------------


def every_page(publish, engagement):
    action = publish(5)
    ada = ContactFactory()
    given = ledger.adjust(ada.pk, engagement.pk, 5, note="x")
    board = Leaderboard.objects.create(name="Hottest")
    sweep = Sweep.objects.create(reason="x")
    download(ada, subject("guide"), AT)
    pipeline.drain()
    rows = {"pointaction": action, "pointgroup": engagement, "adjustment": given, "leaderboard": board, "sweep": sweep,
            "pointentry": PointEntry.objects.get()}  # fmt: skip
    pages = [page(f"scoring_{name}_changelist") for name in rows]
    pages += [page(f"scoring_{name}_change", row.pk) for name, row in rows.items()]
    pages += [page(f"scoring_{name}_add") for name in ("pointaction", "pointgroup", "adjustment", "leaderboard")]
    pages += [page("scoring_leaderboard_board"), page("scoring_leaderboard_changelist") + "to-board/"]
    return pages


def test_strangers_are_asked_to_log_in_and_staff_without_rights_are_refused(client, publish, engagement):
    pages = every_page(publish, engagement)
    for address in pages:
        response = client.get(address)
        assert (response.status_code, response.url.partition("?")[0]) == (302, reverse("admin:login")), address

    client.force_login(UserFactory(is_superuser=False))
    for address in pages:
        assert client.get(address).status_code == 403, address
        assert client.post(address, {}).status_code == 403, address


def test_who_may_only_look_changes_nothing(client, publish, engagement):
    user = UserFactory(is_superuser=False)
    user.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    client.force_login(user)
    action = publish(5)

    assert client.get(page("scoring_pointaction_change", action.pk)).status_code == 200
    assert client.post(page("scoring_pointaction_change", action.pk), values(points="9")).status_code == 403
    assert client.get(page("scoring_pointaction_add")).status_code == 403
    assert client.get(page("scoring_adjustment_add")).status_code == 403
    client.post(page("scoring_pointaction_changelist"), {"action": "switch_off", "_selected_action": [action.pk]})
    client.post(page("scoring_pointaction_changelist"), {"action": "archive", "_selected_action": [action.pk]})
    action.refresh_from_db()
    assert (action.points, action.is_active, action.archived_at) == (5, True, None)


def test_who_may_change_forms_but_no_points_sees_no_points_there(client, engagement, publish):
    form = FormFactory(name="Demo")
    publish(5, source="form_submitted", form=form)
    user = UserFactory(is_superuser=False)
    user.user_permissions.set(Permission.objects.filter(codename__in=["change_form", "view_form", "change_formfield"]))
    client.force_login(user)
    form_page(client, form, {"points": 500, "group": engagement.pk, "repeat": "once"})

    assert list(PointAction.objects.values_list("points", flat=True)) == [5]
