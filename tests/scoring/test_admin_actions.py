"""Point actions are made and changed on their own pages, and on the page of a form."""

import pytest
from django.urls import reverse
from django.utils import translation

from config import pipeline
from scoring.models import (
    END,
    PointAction,
    Repeat,
)
from scoring.sources import point_sources
from tests.factories import ContactFactory, FormFactory, FormFieldFactory
from tests.scoring.conftest import happen, score, subject
from tests.scoring.posting import FRENCH, errors, form_page, page, queries, values, versions_formset
from tracking.models import Form, Kind, Subject

pytestmark = pytest.mark.django_db


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


def test_the_list_says_what_each_rule_is_about(marketer, publish):
    guide, prices = subject("The guide"), subject("Prices & terms")
    publish(5, params={"only": [prices.pk, guide.pk]})
    publish(-3, source="page_visited", params={"addresses": ["shop.example/jobs"]}, form=FormFactory(name="Demo"))
    shown = marketer.get(page("scoring_pointaction_changelist")).content.decode()

    assert "Downloads an asset: Prices &amp; terms, The guide" in shown
    assert "Visits a web page: shop.example/jobs" in shown
    assert reverse("admin:tracking_form_change", args=[Form.objects.get().pk]) in shown
    assert "+5" in shown
    assert "−3" in shown


def test_the_list_speaks_french(marketer, publish, settings):
    settings.LANGUAGE_CODE = "fr"
    publish(5, source="form_answered", params={"question": 1, "answers": ["x"]})
    with translation.override("fr"):
        assert (
            marketer.get(page("scoring_pointaction_changelist"), headers={"accept-language": "fr"}).status_code == 200
        )


# --- points on a form -------------------------------------------------------------------------------------------------


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
