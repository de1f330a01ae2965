"""Trees of conditions: groups that nest, what makes no sense, and how they are told."""

import json

import pytest
from django import forms
from django.utils import translation

from contacts import conditions
from contacts.conditions import BadConditions, ConditionsField
from contacts.models import Contact
from tests.contacts.conditions.conftest import company, emails, field, with_ids
from tests.factories import (
    ContactFactory,
)

pytestmark = pytest.mark.django_db
FRENCH = {"filter": "field", "field": "country", "op": "is", "value": "FR"}
VISITED = {"filter": "page_visited", "op": "did", "times": 2, "days": 30}


@pytest.mark.parametrize(
    ("tree", "wanted"),
    [
        ({}, "anne bob"),
        ({"all": []}, "anne bob"),
        ({"any": []}, ""),
        ({"all": [FRENCH, field("city", "is", value="Paris")]}, "anne"),
        ({"all": [FRENCH, field("city", "is", value="Lyon")]}, ""),
        ({"any": [FRENCH, field("email", "starts_with", value="bob")]}, "anne bob"),
        ({"not": {"any": [FRENCH, field("city", "empty")]}}, ""),
        ({"all": [{"not": FRENCH}, {"any": [FRENCH, {"not": FRENCH}]}]}, "bob"),
    ],
)
def test_groups_nest(people, tree, wanted):
    assert emails(tree) == wanted.split()


@pytest.mark.parametrize(
    "broken",
    [
        {"filter": "horoscope"},
        {"filter": "field", "field": "gone", "op": "is", "value": "x"},
        {"filter": "custom", "field": "gone", "op": "is", "value": "x"},
        {"filter": "field", "field": "city", "op": "regex", "value": ".*"},
        {"filter": "field", "field": "city", "op": "is"},
        {"filter": "field", "field": "city", "op": "is", "value": {"a": 1}},
        {"filter": ["field"]},
        {"all": "x"},
        {"not": []},
        {"or": []},
        [],
        "x",
        None,
        7,
    ],
)
def test_what_makes_no_sense_matches_nobody_and_neither_does_its_opposite(people, broken):
    with pytest.raises(BadConditions):
        conditions.validate(broken)
    assert emails(broken) == []
    assert emails({"not": broken}) == []
    assert emails({"any": [broken, FRENCH]}) == ["anne"]
    assert conditions.describe({"all": [broken, FRENCH]})


def test_matching_looks_among_the_given_contacts_and_leaves_merged_ones_out(people):
    anne, bob = people
    ContactFactory(email="old@example.com", country="FR", merged_into=anne)

    assert emails(FRENCH) == ["anne"]
    assert emails(FRENCH, Contact.objects.filter(pk=bob.pk)) == []


def test_validate_says_where_and_what():
    tree = {
        "all": [
            FRENCH,
            {"any": [FRENCH, {"filter": "tag", "op": "is", "value": 99}]},
            {"not": {"any": [{"filter": "field", "field": "city", "op": "is"}]}},
            {"filter": "score", "group": "overall", "op": "at_least", "value": "many"},
            {"any": []},
            {**FRENCH, "extra": 1},
        ]
    }

    with pytest.raises(BadConditions) as caught:
        conditions.validate(tree)

    assert caught.value.messages == [
        "Condition 2.2: tag: “99” is not one of the choices.",
        "Condition 3.1: city: a value is missing.",
        "Condition 4: overall score: “many” is not a number.",
        "Condition 5: the group is empty.",
        "Condition 6: country: unknown key “extra”.",
    ]


def test_profile_only_refuses_scores_and_behaviour():
    rule = {"filter": "email_opened", "op": "did"}
    conditions.validate(rule)

    with pytest.raises(BadConditions, match="only a contact's own data can be asked about here"):
        conditions.validate(rule, profile_only=True)


def nested(depth):
    tree = FRENCH
    for _level in range(depth):
        tree = {"all": [tree]}
    return tree


@pytest.mark.parametrize(
    "value",
    [
        "{",
        "[" * 100_000,
        '{"all":' * 5000,
        json.dumps(nested(50)),
        json.dumps({"all": [FRENCH] * 101}),
        json.dumps({"any": [{"all": [FRENCH] * 60}, {"all": [FRENCH] * 60}]}),
        json.dumps({**FRENCH, "value": "F\x00R"}),
        json.dumps(field("city", "is", value="x" * 301)),
        json.dumps(field("city", "is", value="\u202e\n")),
        json.dumps(field("city", "one_of", value=["x"] * 501)),
        json.dumps(company("employees", "is", value=True)),
        '{"filter":"company","field":"employees","op":"is","value":NaN}',
        '{"filter":"company","field":"employees","op":"is","value":1e400}',
        json.dumps(company("employees", "is", value="9" * 31)),
        json.dumps({"filter": "tag", "op": "is", "value": 2**70}),
        json.dumps({"filter": "tag", "op": "is", "value": "1; DROP TABLE"}),
        json.dumps(field("created_at", "on", value="2025-02-30")),
        json.dumps(field("created_at", "last_days", value=10**9)),
        json.dumps(field("created_at", "last_days", value=-1)),
        '"text"',
        "7",
    ],
    ids=range(21),
)
def test_hostile_json_is_a_form_error(value):
    class Form(forms.Form):
        conditions = ConditionsField()

    form = Form({"conditions": value})

    assert not form.is_valid()
    assert list(form.errors) == ["conditions"]


@pytest.mark.parametrize(("value", "cleaned"), [("", {}), ("null", {}), ('{"all": [{"any": []}]}', {}), ("{}", {})])
def test_nothing_chosen_is_everybody(value, cleaned):
    assert ConditionsField().clean(value) == cleaned


def test_required_conditions_must_say_something():
    with pytest.raises(BadConditions):
        ConditionsField(required=True).clean('{"all": []}')


def test_describe_reads_like_a_sentence(people):
    tree = {
        "all": [
            FRENCH,
            {
                "any": [
                    with_ids({"filter": "tag", "op": "is", "value": "VIP"}),
                    {"filter": "score", "group": "overall", "op": "at_least", "value": 50},
                ]
            },
        ]
    }

    assert conditions.describe(tree) == "country is France and (tag is VIP or overall score is at least 50)"
    assert conditions.describe({}) == "everybody"
    assert conditions.describe({"not": FRENCH}) == "not (country is France)"
    assert conditions.describe({"filter": "tag", "op": "is", "value": 9**9}) == "tag is “387420489” (gone)"


def test_describe_works_in_every_language(people):
    with translation.override("fr"):
        assert conditions.describe(FRENCH)


@pytest.mark.parametrize(
    ("tree", "parts"),
    [
        ({}, 1),
        (FRENCH, 1),
        ({"all": [FRENCH, VISITED]}, 1),
        ({"any": [FRENCH, {"not": FRENCH}]}, 1),  # own data alone: the contacts are read once
        ({"any": [FRENCH, VISITED, {"not": FRENCH}, {"not": VISITED}]}, 3),
        ({"any": [VISITED] * 6}, 1),
        ({"any": [VISITED, {}]}, 1),  # an empty part is nobody, but a tree that is empty is everybody
        ({"any": [VISITED, {"filter": "gone"}]}, 2),
        ({"any": [VISITED, ["no", "condition"]]}, 2),
        ({"any": [VISITED, "no condition"]}, 2),
    ],
)
def test_alternatives_are_together_those_whom_the_tree_means(people, tree, parts):
    found = conditions.alternatives(tree)

    assert len(found) == parts
    assert {pk for part in found for pk in part.values_list("pk", flat=True)} == set(
        conditions.matching(tree).values_list("pk", flat=True)
    )
