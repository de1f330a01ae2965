"""Scoring in the admin: rules made through their source's own fields, points on forms, the ledger, the boards."""

import re
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import translation
from hypothesis import given, settings
from hypothesis import strategies as st

from config import pipeline
from contacts.models import Contact
from scoring import ledger, rules, sql
from scoring.explain import explain
from scoring.models import (
    END,
    Adjustment,
    Leaderboard,
    PointAction,
    PointEntry,
    PointGroup,
    Repeat,
    Sweep,
)
from scoring.sources import point_sources
from tests.factories import CompanyFactory, ContactFactory, FormFactory, FormFieldFactory, StageFactory, UserFactory
from tests.scoring.conftest import SINCE, download, happen, score, subject
from tests.scoring.undoing import trying
from tracking.models import Form, Kind, Subject

pytestmark = pytest.mark.django_db
AT = datetime(2026, 3, 2, 12, tzinfo=UTC)
FRENCH = {"all": [{"filter": "field", "field": "country", "op": "is", "value": "FR"}]}


@pytest.fixture
def marketer(client):
    user = UserFactory(username="marketer", is_superuser=True)
    client.force_login(user)
    client.user = user
    return client


def page(name, *args):
    return reverse(f"admin:{name}", args=args)


def values(source="asset_downloaded", **more):
    """What the browser posts for a new point action."""
    plain = {
        "name": "Reads",
        "points": "5",
        "source": source,
        "params__type": source,
        "repeat": "object",
        "is_active": "on",
    }
    return plain | more


def versions_formset():
    return {"versions-TOTAL_FORMS": "0", "versions-INITIAL_FORMS": "0"}


def errors(response):
    assert response.status_code == 200, "the form should have been refused"
    form = response.context["adminform"].form
    inner = form.fields["params"].inner if "params" in form.fields else None
    return {**form.errors, **({f"params__{name}": found for name, found in inner.errors.items()} if inner else {})}


# --- point actions ----------------------------------------------------------------------------------------------------


def test_a_point_action_is_made_with_the_fields_of_its_source_and_is_in_force(marketer, engagement):
    guide = subject("guide")
    response = marketer.post(
        page("scoring_pointaction_add"),
        values(group=engagement.pk, params__only=[guide.pk], repeat="week", description="Why"),
        follow=True,
    )

    assert response.redirect_chain[-1][1] == 302
    action = PointAction.objects.get()
    assert (action.name, action.source, action.params, action.points) == (
        "Reads",
        "asset_downloaded",
        {"only": [guide.pk]},
        5,
    )
    [version] = action.versions.all()
    assert (version.number, version.points, version.repeat, version.author) == (1, 5, "week", marketer.user)
    assert (version.valid_until, list(version.matches.values_list("subject", flat=True))) == (END, [guide.pk])


@pytest.mark.parametrize(
    ("source", "params", "expected"),
    [
        (
            "page_visited",
            {"addresses": " shop.example/pricing/ \r\n/blog/*"},
            {"addresses": ["shop.example/pricing/", "/blog/*"]},
        ),
        (
            "profile_matches",
            {"conditions": '{"all": [{"filter": "field", "field": "country", "op": "is", "value": "FR"}]}'},
            {"conditions": FRENCH},
        ),
        ("custom_event", {}, {"only": []}),
    ],
)
def test_each_source_keeps_its_own_parameters(marketer, engagement, source, params, expected):
    posted = {f"params__{name}": value for name, value in params.items()}
    marketer.post(page("scoring_pointaction_add"), values(source, group=engagement.pk, **posted))

    assert PointAction.objects.get().params == expected


@pytest.mark.parametrize("source", list(point_sources), ids=lambda source: source.key)
def test_the_page_of_each_source_shows_its_fields(marketer, source):
    page_of = marketer.get(page("scoring_pointaction_add"), {"source": source.key})

    for name in source.Form.base_fields:
        assert f'name="params__{name}"' in page_of.content.decode()


@pytest.mark.parametrize(
    ("case", "more", "field"),
    [
        ("zero points", {"points": "0"}, "__all__"),
        ("no points", {"points": ""}, "points"),
        ("too many points", {"points": str(2**31)}, "points"),
        ("no group", {"group": ""}, "group"),
        ("no source", {"source": "", "params__type": ""}, "source"),
        ("an unknown source", {"source": "retired", "params__type": "retired"}, "source"),
        ("an asset that is none", {"params__only": ["999"]}, "params__only"),
        ("a wrong address", {"source": "page_visited", "params__type": "page_visited", "params__addresses": "our prices"},
         "params__addresses"),
        ("no conditions", {"source": "profile_matches", "params__type": "profile_matches", "params__conditions": "{}"},
         "params__conditions"),
        ("conditions that make no sense",
         {"source": "profile_matches", "params__type": "profile_matches", "params__conditions": '{"all": [{"filter": "x"}]}'},
         "params__conditions"),
        ("a window that ends before it begins",
         {"active_from_0": "2026-03-02", "active_from_1": "12:00", "active_until_0": "2026-03-01", "active_until_1": "12:00"},
         "__all__"),
        ("a day that is none", {"active_from_0": "2026-02-31", "active_from_1": "12:00"}, "active_from"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_and_nothing_is_saved(marketer, engagement, case, more, field):
    response = marketer.post(page("scoring_pointaction_add"), values(group=engagement.pk) | more)

    assert field in errors(response)
    assert "constraint" not in response.content.decode().lower()
    assert PointAction.objects.count() == 0


def test_an_edit_makes_a_version_and_says_so_and_saving_again_makes_none(marketer, publish, engagement):
    action = publish(5)
    address = page("scoring_pointaction_change", action.pk)
    posted = values(group=engagement.pk, repeat="once", points="8", name=action.name) | versions_formset()
    said = marketer.post(address, posted, follow=True)
    marketer.post(address, posted)

    assert "Version 2 is in force from now on." in said.content.decode()
    assert list(action.versions.order_by("number").values_list("number", "points", "author")) == [
        (1, 5, None),
        (2, 8, marketer.user.pk),
    ]


def test_answers_are_edited_as_they_were_typed(marketer, publish, engagement):
    field = FormFieldFactory(form=FormFactory(name="Demo"), key="team", type="select", choices=["1-9", "100+"])
    action = publish(5, source="form_answered", params={"question": field.pk, "answers": ["1-9", "100+"]})

    shown = marketer.get(page("scoring_pointaction_change", action.pk))
    assert shown.context["adminform"].form.fields["params"].inner["answers"].value() == "1-9\n100+"


def test_a_retired_source_is_shown_and_keeps_its_settings(marketer, engagement, publish):
    action = publish(5, source="retired", params={"old": 1})
    address = page("scoring_pointaction_change", action.pk)
    posted = values("retired", group=engagement.pk, points="6") | versions_formset()

    assert "Unknown type: retired" in marketer.get(address).content.decode()
    assert "Unknown source: retired" in marketer.get(page("scoring_pointaction_changelist")).content.decode()
    marketer.post(address, posted)
    action.refresh_from_db()
    assert (action.points, action.params) == (6, {"old": 1})


def test_bulk_switches_publish_and_archive(marketer, publish):
    actions = [publish(5), publish(6)]
    listed = page("scoring_pointaction_changelist")

    def run(name, chosen=actions):
        marketer.post(listed, {"action": name, "_selected_action": [action.pk for action in chosen]}, follow=True)
        rows = PointAction.objects.order_by("points").values_list("is_active", "archived_at")
        return [(active, at is None) for active, at in rows], [
            list(a.versions.filter(valid_until=END).values_list("number", flat=True)) for a in actions
        ]

    assert run("switch_off") == ([(False, True)] * 2, [[], []])
    assert run("switch_on") == ([(True, True)] * 2, [[2], [2]])
    assert run("archive", actions[:1]) == ([(False, False), (True, True)], [[], [2]])
    assert run("switch_on") == ([(False, False), (True, True)], [[], [2]])
    assert marketer.get(listed).context["cl"].result_count == 1
    marketer.post(listed + "?archived=yes", {"action": "restore", "_selected_action": [actions[0].pk]})
    assert marketer.get(listed).context["cl"].result_count == 2


def test_the_list_asks_as_often_for_three_rules_of_each_source_as_for_one(marketer, publish):
    form = FormFactory(name="Demo")
    listed = page("scoring_pointaction_changelist")

    def add():
        for source in point_sources:
            about = subject(f"{source.key} {PointAction.objects.count()}", getattr(source, "subject_type", "asset"))
            question = FormFieldFactory(form=form, type="select")
            params = {"only": [about.pk], "question": question.pk, "answers": ["x"], "conditions": FRENCH}
            publish(5, source=source.key, params=params, form=form)

    add()
    marketer.get(listed)
    before = queries(lambda: marketer.get(listed))
    add()
    add()
    assert queries(lambda: marketer.get(listed)) == before == 7


def queries(job):
    with CaptureQueriesContext(connection) as captured:
        job()
    return len(captured)


def test_the_list_says_what_each_rule_is_about(marketer, publish):
    guide, prices = subject("The guide"), subject("Prices & terms")
    publish(5, params={"only": [prices.pk, guide.pk]})
    publish(-3, source="page_visited", params={"addresses": ["shop.example/jobs"]}, form=FormFactory(name="Demo"))
    shown = marketer.get(page("scoring_pointaction_changelist")).content.decode()

    assert "Downloads an asset: Prices &amp; terms, The guide" in shown
    assert "Visits a web page: shop.example/jobs" in shown
    assert reverse("admin:tracking_form_change", args=[Form.objects.get().pk]) in shown
    assert "+5" in shown
    assert "-3" in shown


def test_the_list_speaks_french(marketer, publish, settings):
    settings.LANGUAGE_CODE = "fr"
    publish(5, source="form_answered", params={"question": 1, "answers": ["x"]})
    with translation.override("fr"):
        assert (
            marketer.get(page("scoring_pointaction_changelist"), headers={"accept-language": "fr"}).status_code == 200
        )


# --- points on a form -------------------------------------------------------------------------------------------------


def form_page(client, form, *rows):
    """Post the form's page with these rows of points."""
    address = page("tracking_form_change", form.pk) if form else page("tracking_form_add")
    response = client.get(address)
    data = {"name": form.name if form else "New form", "thank_you": "message", "is_active": "on"}
    for inline in response.context["inline_admin_formsets"]:
        prefix = inline.formset.prefix
        data |= {f"{prefix}-TOTAL_FORMS": "0", f"{prefix}-INITIAL_FORMS": "0"}
    data["point_actions-TOTAL_FORMS"] = str(len(rows))
    data["point_actions-INITIAL_FORMS"] = str(sum("id" in row for row in rows))
    for number, row in enumerate(rows):
        data |= {f"point_actions-{number}-{name}": str(value) for name, value in row.items()}
    return client.post(address, data)


def test_points_on_a_form_become_a_rule_of_that_form(marketer, engagement, fit):
    form = FormFactory(name="Demo")
    response = form_page(
        marketer,
        form,
        {"points": 20, "group": engagement.pk, "repeat": "once"},
        {"points": 5, "group": fit.pk, "repeat": "always"},
    )
    assert response.status_code == 302, response.context["errors"]

    first, second = form.point_actions.order_by("-points")
    about = Subject.objects.get(type=Subject.Type.FORM, ref_id=form.pk)
    assert (first.source, first.params, first.name) == ("form_submitted", {"only": [about.pk]}, "Form: Demo")
    assert (first.versions.get().author, second.versions.get().repeat) == (marketer.user, "always")

    ada = ContactFactory()
    for _ in range(2):
        happen(ada, Kind.FORM_SUBMITTED, about)
    pipeline.drain()
    assert (score(ada, engagement), score(ada, fit)) == (20, 10)


def test_points_on_a_form_are_changed_and_taken_away_there(marketer, engagement):
    form = FormFactory(name="Demo")
    form_page(marketer, form, {"points": 20, "group": engagement.pk, "repeat": "once"})
    action = form.point_actions.get()
    row = {"id": action.pk, "form": form.pk, "group": engagement.pk, "repeat": "once"}

    form_page(marketer, form, row | {"points": 20})
    assert action.versions.count() == 1
    form_page(marketer, form, row | {"points": 25})
    assert list(action.versions.values_list("number", "points")) == [(2, 25), (1, 20)]

    form_page(marketer, form, row | {"points": 25, "DELETE": "on"})
    action.refresh_from_db()
    assert action.archived_at is not None
    assert action.versions.filter(valid_until=END).count() == 0
    assert len(marketer.get(page("tracking_form_change", form.pk)).context["inline_admin_formsets"][-1].forms) == 0


def test_a_new_form_takes_its_points_along(marketer, engagement):
    response = form_page(marketer, None, {"points": 20, "group": engagement.pk, "repeat": "once"})
    assert response.status_code == 302, response.context["errors"]

    [action] = Form.objects.get().point_actions.all()
    assert (action.name, action.versions.count()) == ("Form: New form", 1)


def test_zero_points_on_a_form_are_an_error_beside_them(marketer, engagement):
    form = FormFactory()
    response = form_page(marketer, form, {"points": 0, "group": engagement.pk, "repeat": "once"})

    assert "Zero points would do nothing." in response.content.decode()
    assert PointAction.objects.count() == 0


def test_a_policy_the_form_page_does_not_offer_stays_as_it_is(marketer, engagement, publish):
    form = FormFactory(name="Demo")
    action = publish(5, source="form_submitted", repeat=Repeat.ONCE_PER_OBJECT, form=form)
    inline = marketer.get(page("tracking_form_change", form.pk)).context["inline_admin_formsets"][-1]

    assert "object" in dict(inline.formset.forms[0].fields["repeat"].choices)
    assert inline.formset.forms[0]["repeat"].value() == "object"
    assert action.versions.count() == 1


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
        board.name: [(p.rank, p.contact.first_name, p.score, p.share) for p in places]
        for board, places in response.context["boards"]
    }
    assert found == {
        "Hottest": [(1, "eve", 30.0, 100), (2, "ada", 25.0, 83)],
        "French": [(1, "eve", 30.0, 100), (2, "ada", 25.0, 83)],
        "Fitting": [(1, "ada", 10.0, 100), (2, "eve", 10.0, 100)],
    }
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


# --- why --------------------------------------------------------------------------------------------------------------


def test_the_statement_names_each_line_and_adds_up(publish, engagement, fit):
    author = UserFactory(username="sales")
    ada = ContactFactory(country="FR")
    guide = subject("The guide")
    publish(5, repeat=Repeat.ONCE_PER_OBJECT)
    publish(-2, repeat=Repeat.WEEKLY)
    publish(1, repeat=Repeat.ALWAYS, group=fit)
    publish(20, source="profile_matches", params={"conditions": FRENCH}, group=fit)
    ledger.adjust(ada.pk, fit.pk, -8, note="Too small", author=author)
    for _ in range(3):
        download(ada, guide, AT)
    pipeline.drain()
    with translation.override("en"):
        statement = explain(ada)

    groups = {part.group.name: (part.score, part.weighted) for part in statement.groups}
    assert groups == {"Engagement": (3, 3), "Fit": (15, 30)}
    assert statement.overall == 33
    assert {(line.name, line.about, line.points, line.note) for part in statement.groups for line in part.lines} == {
        ("asset_downloaded +5", "The guide", 5, "happened 3 times, counts 1"),
        ("asset_downloaded -2", "The guide · week of March 2, 2026", -2, "happened 3 times, counts 1"),
        ("asset_downloaded +1", "The guide · March 2, 2026", 3, ""),
        ("profile_matches +20", "", 20, "while it is true"),
        ("By hand", "sales", -8, "Too small"),
    }


def test_the_statement_takes_as_many_queries_for_many_lines_as_for_few(publish, engagement):
    ada = ContactFactory()
    publish(5, repeat=Repeat.ONCE_PER_OBJECT)
    counts = set()
    for number in range(3):
        download(ada, subject(f"guide {number}"), AT)
        ledger.adjust(ada.pk, engagement.pk, 1, note="x", author=UserFactory())
        pipeline.drain()
        counts.add(queries(lambda: explain(ada)))
    assert len(counts) == 1


def test_points_of_an_archived_group_are_still_explained(publish, engagement):
    ada = ContactFactory()
    publish(5)
    PointGroup.objects.create(name="Never used", archived_at=AT)
    download(ada, subject("guide"), AT)
    pipeline.drain()
    PointGroup.objects.filter(pk=engagement.pk).update(archived_at=AT)

    assert [(part.group.name, part.score, len(part.lines)) for part in explain(ada).groups] == [("Engagement", 5, 1)]


steps = st.lists(
    st.one_of(
        st.tuples(st.just("download"), st.integers(0, 2), st.integers(0, 20)),
        st.tuples(st.just("adjust"), st.integers(0, 1), st.integers(-9, 9).filter(bool)),
        st.tuples(st.just("country"), st.sampled_from(["FR", "GB"]), st.just(0)),
        st.tuples(st.just("publish"), st.integers(0, 3), st.integers(-9, 9).filter(bool)),
    ),
    max_size=12,
)


@given(steps=steps)
@settings(max_examples=8, deadline=None)
def test_whatever_happens_the_lines_add_up_to_the_score(steps):
    def check():
        groups = [
            PointGroup.objects.create(name=name, weight=weight) for name, weight in (("A", 1), ("B", Decimal("0.25")))
        ]
        ada, subjects = ContactFactory(), [subject(str(number)) for number in range(3)]
        made = []
        for number, (source, params) in enumerate(
            [
                ("asset_downloaded", {}),
                ("asset_downloaded", {"only": [subjects[0].pk]}),
                ("profile_matches", {"conditions": FRENCH}),
            ]
            * 2
        ):
            action = PointAction.objects.create(
                name=str(number), source=source, params=params, points=number - 7, group=groups[number % 2],
                repeat=Repeat.values[number],
            )  # fmt: skip
            rules.publish(action, since=SINCE)
            made.append(action)
        for step, first, second in steps:
            if step == "download":
                download(ada, subjects[first], AT.replace(day=1 + second))
            elif step == "adjust":
                ledger.adjust(ada.pk, groups[first].pk, second, note="x")
            elif step == "country":
                Contact.objects.filter(pk=ada.pk).update(country=first)
            else:
                made[first].points = second
                made[first].save()
                rules.publish(made[first], since=AT.replace(day=10))
            if len(step) % 2:
                pipeline.drain(limit=2)
        pipeline.drain()
        statement = explain(ada)

        assert [sum(line.points for line in part.lines) for part in statement.groups] == [
            part.score for part in statement.groups
        ]
        assert all(line.points == line.credited * line.each for part in statement.groups for line in part.lines)
        assert sum(part.weighted for part in statement.groups) == statement.overall
        assert sql.differences() == []

    trying(check)
