"""Questions that depend on others, and questions that are left out because the answer is known."""

from urllib.parse import quote
from uuid import UUID

import pytest

from tests.factories import ContactFactory, FormFactory, FormFieldFactory
from tracking import nonces
from tracking.models import Visitor

VISITOR = "1f0e1a52-7a8e-4f4c-9d5a-0d7d6b1f2a3c"


@pytest.fixture
def answers(client, recorded, nonce):
    """Post to a form; the answers that were recorded, or the keys of the errors."""

    def answers(form, **values):
        response = client.post(
            f"/f/{form.public_id}", {"bareme_nonce": nonce(form), **values}, headers={"accept": "application/json"}
        )
        if response.status_code == 422:
            return sorted(response.json()["errors"])
        return recorded("data")[-1]["data"]["answers"]

    return answers


@pytest.fixture
def asking(db):
    """A form that asks customers since when, and those since 2020 for their number."""
    form = FormFactory()
    FormFieldFactory(form=form, key="customer", type="radio", choices=["Yes", "No"], position=0)
    FormFieldFactory(form=form, key="since", type="number", required=True, position=1)
    FormFieldFactory(form=form, key="number", required=True, position=2)
    form.fields.filter(key="since").update(depends_on="customer", depends_how="is", depends_values=["yes "])
    form.fields.filter(key="number").update(depends_on="since", depends_how="is", depends_values=["2020"])
    return form


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ({"customer": "No"}, {"customer": "No"}),
        ({}, {"customer": ""}),
        ({"customer": "No", "since": "2020", "number": "7"}, {"customer": "No"}),
        ({"customer": "Yes"}, ["since"]),
        ({"customer": "Yes", "since": "soon"}, ["since"]),
        ({"customer": "Yes", "since": "2019", "number": "7"}, {"customer": "Yes", "since": "2019"}),
        ({"customer": "Yes", "since": "2020"}, ["number"]),
        (
            {"customer": "Yes", "since": "2020", "number": "7"},
            {"customer": "Yes", "since": "2020", "number": "7"},
        ),
        ({"customer": "No", "since": "nonsense"}, {"customer": "No"}),
    ],
)
def test_what_is_not_asked_is_neither_required_nor_stored(asking, answers, sent, expected):
    assert answers(asking, **sent) == expected


@pytest.mark.parametrize(
    ("how", "values", "shown_for"),
    [
        ("is", ["A"], [["A"], ["A", "B"]]),
        ("is_not", ["A"], [[], ["B"]]),
        ("filled", [], [["A"], ["B"], ["A", "B"]]),
        ("empty", [], [[]]),
        ("is", [], []),
    ],
)
def test_the_ways_to_depend_on_several_choices(db, answers, how, values, shown_for):
    form = FormFactory()
    FormFieldFactory(form=form, key="topics", type="checkboxes", choices=["A", "B"], position=0)
    FormFieldFactory(form=form, key="why", position=1, depends_on="topics", depends_how=how, depends_values=values)

    sent = ([], ["A"], ["B"], ["A", "B"])
    assert [topics for topics in sent if "why" in answers(form, topics=topics, why="x")] == [
        topics for topics in sent if topics in shown_for
    ]


def test_a_ticked_box_opens_a_question_and_a_consent_that_is_not_asked_is_not_given(client, db, recorded, answers):
    form = FormFactory()
    FormFieldFactory(form=form, key="call", type="checkbox", position=0)
    FormFieldFactory(
        form=form, key="ok", type="consent", purpose="profiling", position=1, depends_on="call", depends_how="filled"
    )

    assert answers(form, ok="on") == {"call": False}
    assert "consents" not in recorded("data")[-1]["data"]
    assert answers(form, call="on", ok="on") == {"call": True, "ok": True}
    assert recorded("data")[-1]["data"]["consents"] == {"profiling": "Ok"}


def test_a_condition_on_what_is_not_there_or_comes_later_is_none(db, answers):
    form = FormFactory()
    FormFieldFactory(form=form, key="a", position=0, depends_on="b", depends_how="filled")
    FormFieldFactory(form=form, key="b", position=1, depends_on="gone", depends_how="filled")
    FormFieldFactory(form=form, key="c", position=2, depends_on="c", depends_how="filled")

    assert answers(form, a="1", b="2", c="3") == {"a": "1", "b": "2", "c": "3"}


def test_a_field_that_depends_is_drawn_with_its_condition_and_is_not_insisted_on_by_browsers(client, asking):
    from tracking.views.drawing import plain_html

    text = client.get(f"/f/{asking.public_id}").text

    assert 'data-if="customer" data-how="is" data-values="[&quot;yes &quot;]"' in text
    assert ("required" in plain_html(asking), "(optional)" in plain_html(asking).partition("Since")[2][:60]) == (
        False,
        False,
    )


# Not asking what is known


@pytest.fixture
def profile(db):
    form = FormFactory(leave_out_known=True)
    names = ("email", "first_name", "company", "job_title", "country", "fields.plan")
    for position, name in enumerate(names):
        FormFieldFactory(
            form=form,
            key=name.removeprefix("fields."),
            type="country" if name == "country" else "text",
            contact_field=name,
            position=position,
            required=True,
        )
    FormFieldFactory(form=form, key="message", position=9)
    return form


@pytest.fixture
def known(client):
    """A browser of somebody whose first name and country we know."""
    contact = ContactFactory(first_name="Ada", country="FR", job_title="", fields={})
    Visitor.objects.create(id=UUID(VISITOR), contact=contact, is_sure=True)
    client.cookies["bareme_browser"] = VISITOR
    return contact


def asked(text):
    keys = ("email", "first_name", "company", "job_title", "country", "plan", "message")
    return [key for key in keys if f'name="{key}"' in text or f'"name": "{key}"' in text]


def test_what_is_known_is_left_out_and_never_shown(client, profile, known):
    text = client.get(f"/f/{profile.public_id}").text

    assert asked(text) == ["email", "company", "job_title", "plan", "message"]
    assert ("Ada" in text, known.email in text) == (False, False)


def test_who_only_followed_a_link_is_asked_everything(client, profile, known):
    Visitor.objects.update(is_sure=False)  # it may have been forwarded

    assert len(asked(client.get(f"/f/{profile.public_id}").text)) == 7


def test_what_was_left_out_is_not_required_of_this_drawing_and_required_of_any_other(client, profile, known, recorded):
    text = client.get(f"/f/{profile.public_id}").text
    nonce = text.partition('name="bareme_nonce" value="')[2].partition('"')[0]
    sent = {
        "email": "ada@example.com",
        "company": "A",
        "job_title": "B",
        "plan": "C",
        "message": "",
        "first_name": "Eve",
    }
    from time import time

    import time_machine

    with time_machine.travel(time() + 60, tick=False):
        response = client.post(f"/f/{profile.public_id}", sent | {"bareme_nonce": nonce})
        other = client.post(f"/f/{profile.public_id}", sent | {"bareme_nonce": nonces.nonce(profile)})

    assert (response.status_code, other.status_code) == (303, 422)
    assert recorded("data")[0]["data"]["answers"].keys() == {"email", "company", "job_title", "plan", "message"}


def test_at_most_so_many_are_asked_at_a_time_and_the_next_ones_the_next_time(client, profile, known):
    profile.ask_at_most = 2
    profile.save()

    assert asked(client.get(f"/f/{profile.public_id}").text) == ["email", "company", "job_title", "message"]
    known.job_title = "Engineer"
    known.save()
    assert asked(client.get(f"/f/{profile.public_id}").text) == ["email", "company", "plan", "message"]
    client.cookies.clear()
    assert asked(client.get(f"/f/{profile.public_id}").text) == ["email", "first_name", "company", "message"]


def test_a_known_answer_that_opens_another_question_is_asked_again(client, profile, known):
    profile.fields.filter(key="plan").update(depends_on="country", depends_how="is", depends_values=["FR"])

    assert "country" in asked(client.get(f"/f/{profile.public_id}").text)


def test_the_script_asks_for_its_visitor_and_learns_only_what_is_not_asked(client, profile, known):
    client.cookies.clear()
    url = f"/f/{profile.public_id}"
    headers = {"accept": "application/json"}

    told = client.get(f"{url}?visitor={VISITOR}", headers=headers)
    nobody = client.get(f"{url}?visitor=11111111-1111-4111-8111-111111111111", headers=headers)

    assert asked(told.text) == ["email", "company", "job_title", "plan", "message"]
    assert len(asked(nobody.text)) == 7
    assert (told["Access-Control-Allow-Origin"], told["Cache-Control"]) == ("*", "no-store")
    for nonsense in ("", "x", "%00", "é" * 500):
        assert client.get(f"{url}?visitor={nonsense}", headers=headers).status_code == 200


def test_a_form_without_the_option_asks_everything(client, profile, known):
    profile.leave_out_known = False
    profile.save()

    assert len(asked(client.get(f"/f/{profile.public_id}").text)) == 7


# Hidden fields that are filled by the address of the page


@pytest.fixture
def origin(db):
    form = FormFactory()
    for name in ("utm_source", "utm_campaign"):
        FormFieldFactory(form=form, key=name, type="hidden", options={"parameter": name})
    form.fields.filter(key="utm_campaign").update(default="none")
    return form


def test_parameters_of_the_page_fill_hidden_fields(client, origin, answers):
    text = client.get(f"/f/{origin.public_id}?utm_source=%22%3E%3Cscript%3E&utm_campaign=may").text
    page = "https://shop.example/?utm_source=" + quote("les échos & co") + "&x=1"

    assert ('value="&quot;&gt;&lt;script&gt;"' in text, 'value="may"' in text) == (True, True)
    assert answers(origin, bareme_page=page) == {"utm_source": "les échos & co", "utm_campaign": "none"}
    assert answers(origin, bareme_page=page, utm_source="mail") == {"utm_source": "mail", "utm_campaign": "none"}


@pytest.mark.parametrize("page", ["", "nonsense", "https://[", "https://a.example/?" + "&".join(["a=1"] * 5000)])
def test_an_address_that_says_nothing_fills_nothing(origin, answers, page):
    assert answers(origin, bareme_page=page)["utm_source"] == ""
