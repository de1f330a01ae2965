import json
from datetime import date, timedelta

import pytest
from django import forms
from django.contrib.auth import get_user_model
from django.utils import timezone, translation

from contacts import conditions
from contacts.conditions import BadConditions, ConditionsField
from contacts.filters import filters
from contacts.models import Contact, Segment, Stage, Tag
from tests.factories import (
    CompanyFactory,
    ContactFactory,
    CustomFieldFactory,
    SegmentFactory,
    StageFactory,
    TagFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate
FRENCH = {"filter": "field", "field": "country", "op": "is", "value": "FR"}
VISITED = {"filter": "page_visited", "op": "did", "times": 2, "days": 30}


def emails(tree, contacts=None):
    found = conditions.matching(tree, contacts).order_by("email").values_list("email", flat=True)
    return [email.removesuffix("@example.com") for email in found]


def ago(days):
    return timezone.now() - timedelta(days=days)


@pytest.fixture
def people(db):
    """Anne, who has everything; Bob, who has nothing."""
    company = CompanyFactory(name="Acme", domain="acme.test", industry="Food", employees=50, city="Lyon", country="FR")
    for key, type_ in [
        ("size", "text"),
        ("age", "integer"),
        ("rate", "decimal"),
        ("likes", "boolean"),
        ("born", "date"),
        ("seen", "datetime"),
    ]:
        CustomFieldFactory(key=key, type=type_)
    CustomFieldFactory(key="color", type="choice", choices=["red", "blue"])
    CustomFieldFactory(key="focus", type="choices", choices=["A", "B", "C"])
    stages = [StageFactory(name=name, position=position) for position, name in enumerate(["Lead", "Client", "Fan"])]
    anne = ContactFactory(
        email="anne@example.com",
        phone="+33612345678",
        first_name="Anne",
        last_name="Le Goff",
        job_title="CEO",
        city="Paris",
        country="FR",
        language="fr",
        time_zone="Europe/Paris",
        company=company,
        owner=UserFactory(username="claire"),
        stage=stages[1],
        created_at=ago(10),
        fields={
            "size": "Large",
            "age": 40,
            "rate": 1.5,
            "likes": True,
            "born": (TODAY() - timedelta(days=5)).isoformat(),
            "seen": "2025-01-02T03:04:05+00:00",
            "color": "red",
            "focus": ["A", "B"],
        },
    )
    bob = ContactFactory(email="bob@example.com")
    anne.tags.add(TagFactory(name="VIP"))
    anne.memberships.create(segment=SegmentFactory(name="Dinner"), reason="manual")
    bob.memberships.create(segment=SegmentFactory(name="Barred"), reason="manual", is_member=False)
    anne.consents.create(purpose="profiling", granted=False, given_at=ago(9))
    anne.consents.create(purpose="profiling", granted=True, given_at=ago(1))
    bob.consents.create(purpose="web_tracking", granted=False)
    anne.blocks.create(channel="sms", reason="manual")
    return anne, bob


def field(name, op, **values):
    return {"filter": "field", "field": name, "op": op, **values}


def custom(name, op, **values):
    return {"filter": "custom", "field": name, "op": op, **values}


def company(name, op, **values):
    return {"filter": "company", "field": name, "op": op, **values}


DAY = {"value": "2025-01-02"}
RULES = [
    (field("email", "is", value="ANNE@example.com"), "anne"),
    (field("email", "is_not", value="anne@example.com"), "bob"),
    (field("email", "ends_with", value="@EXAMPLE.com"), "anne bob"),
    (field("email", "one_of", value=["x@y.z", "bob@example.com"]), "bob"),
    (field("email", "empty"), ""),
    (field("phone", "starts_with", value="+33"), "anne"),
    (field("phone", "not_empty"), "anne"),
    (field("first_name", "contains", value="NN"), "anne"),
    (field("first_name", "not_contains", value="nn"), "bob"),
    (field("last_name", "is", value="le goff"), "anne"),
    (field("last_name", "contains", value="%"), ""),
    (field("job_title", "empty"), "bob"),
    (field("city", "one_of", value=["PARIS", "Lyon"]), "anne"),
    (field("country", "is", value="FR"), "anne"),
    (field("country", "is_not", value="FR"), "bob"),
    (field("country", "one_of", value=["BE", "FR"]), "anne"),
    (field("country", "none_of", value=["BE", "FR"]), "bob"),
    (field("country", "empty"), "bob"),
    (field("language", "is", value="fr"), "anne"),
    (field("time_zone", "starts_with", value="Europe/"), "anne"),
    (field("owner", "is", value="claire"), "anne"),
    (field("owner", "is_not", value="claire"), "bob"),
    (field("owner", "empty"), "bob"),
    (field("created_at", "last_days", value=3), "bob"),
    (field("created_at", "last_days", value=0), "bob"),
    (field("created_at", "older_than", value=9), "anne"),
    (field("created_at", "older_than", value=10), ""),
    (field("created_at", "before", value=str(date.max)), "anne bob"),
    (field("created_at", "after", value="2000-01-01"), "anne bob"),
    (field("created_at", "on", value=str(TODAY())), "bob"),
    (field("created_at", "between", **{"from": "2000-01-01", "to": str(TODAY() - timedelta(days=1))}), "anne"),
    (company("name", "is", value="acme"), "anne"),
    (company("name", "is_not", value="acme"), "bob"),
    (company("domain", "contains", value="acme"), "anne"),
    (company("industry", "empty"), "bob"),
    (company("employees", "at_least", value=50), "anne"),
    (company("employees", "above", value=50), ""),
    (company("employees", "below", value=50.5), "anne"),
    (company("employees", "is", value=50.5), ""),
    (company("employees", "is_not", value=50), "bob"),
    (company("employees", "between", **{"from": 10, "to": 50}), "anne"),
    (company("employees", "at_least", value=10**14), ""),
    (company("employees", "empty"), "bob"),
    (company("city", "not_empty"), "anne"),
    (company("country", "none_of", value=["FR"]), "bob"),
    (custom("size", "is", value="large"), "anne"),
    (custom("size", "is_not", value="large"), "bob"),
    (custom("size", "contains", value="arg"), "anne"),
    (custom("size", "starts_with", value="l"), "anne"),
    (custom("size", "one_of", value=["Large", "Small"]), "anne"),
    (custom("size", "empty"), "bob"),
    (custom("age", "is", value=40), "anne"),
    (custom("age", "is_not", value=40), "bob"),
    (custom("age", "at_least", value=9), "anne"),  # as a number, not as a text
    (custom("age", "above", value=40), ""),
    (custom("age", "at_most", value=40), "anne"),
    (custom("age", "below", value=100), "anne"),
    (custom("age", "between", **{"from": 39.5, "to": 40}), "anne"),
    (custom("rate", "is", value="1.50"), "anne"),
    (custom("rate", "at_least", value=1.5), "anne"),
    (custom("likes", "yes"), "anne"),
    (custom("likes", "no"), ""),
    (custom("likes", "empty"), "bob"),
    (custom("born", "last_days", value=5), "anne"),
    (custom("born", "last_days", value=4), ""),
    (custom("born", "older_than", value=4), "anne"),
    (custom("born", "next_days", value=5), ""),
    (custom("born", "not_empty"), "anne"),
    (custom("seen", "on", **DAY), "anne"),
    (custom("seen", "before", **DAY), ""),
    (custom("seen", "after", value="2025-01-01"), "anne"),
    (custom("color", "is", value="red"), "anne"),
    (custom("color", "none_of", value=["red"]), "bob"),
    (custom("focus", "is", value="A"), "anne"),
    (custom("focus", "one_of", value=["B", "C"]), "anne"),
    (custom("focus", "none_of", value=["B", "C"]), "bob"),
    (custom("focus", "is_not", value="C"), "anne bob"),
    (custom("focus", "empty"), "bob"),
    ({"filter": "tag", "op": "is", "value": "VIP"}, "anne"),
    ({"filter": "tag", "op": "is_not", "value": "VIP"}, "bob"),
    ({"filter": "tag", "op": "one_of", "value": ["VIP"]}, "anne"),
    ({"filter": "tag", "op": "none_of", "value": ["VIP"]}, "bob"),
    ({"filter": "tag", "op": "empty"}, "bob"),
    ({"filter": "tag", "op": "not_empty"}, "anne"),
    ({"filter": "segment", "op": "is", "value": "Dinner"}, "anne"),
    ({"filter": "segment", "op": "is", "value": "Barred"}, ""),
    ({"filter": "segment", "op": "none_of", "value": ["Dinner"]}, "bob"),
    ({"filter": "segment", "op": "is_not", "value": "Dinner"}, "bob"),
    ({"filter": "segment", "op": "one_of", "value": ["Dinner", "Barred"]}, "anne"),
    ({"filter": "segment", "op": "empty"}, "bob"),
    ({"filter": "segment", "op": "not_empty"}, "anne"),
    ({"filter": "stage", "op": "is", "value": "Client"}, "anne"),
    ({"filter": "stage", "op": "is_not", "value": "Client"}, "bob"),
    ({"filter": "stage", "op": "one_of", "value": ["Client", "Fan"]}, "anne"),
    ({"filter": "stage", "op": "before", "value": "Fan"}, "anne"),
    ({"filter": "stage", "op": "after", "value": "Client"}, ""),
    ({"filter": "stage", "op": "reached", "value": "Client"}, "anne"),
    ({"filter": "stage", "op": "empty"}, "bob"),
    ({"filter": "stage", "op": "not_empty"}, "anne"),
    ({"filter": "consent", "op": "given", "value": "profiling"}, "anne"),
    ({"filter": "consent", "op": "not_given", "value": "profiling"}, "bob"),
    ({"filter": "consent", "op": "refused", "value": "profiling"}, ""),
    ({"filter": "consent", "op": "confirmed", "value": "profiling"}, ""),
    ({"filter": "consent", "op": "refused", "value": "web_tracking"}, "bob"),
    ({"filter": "consent", "op": "unasked", "value": "web_tracking"}, "anne"),
    ({"filter": "blocked", "op": "is", "value": "sms"}, "anne"),
    ({"filter": "blocked", "op": "is", "value": "email"}, ""),
    ({"filter": "blocked", "op": "is"}, "anne"),
    ({"filter": "blocked", "op": "is_not"}, "bob"),
]


def with_ids(rule):
    """The rule with the names of rows replaced by their ids, as the builder writes them."""
    key = "owner" if rule.get("field") == "owner" else rule["filter"]
    models = {"tag": (Tag, "name"), "segment": (Segment, "name"), "stage": (Stage, "name")}
    models["owner"] = (get_user_model(), "username")
    if key not in models or "value" not in rule:
        return rule
    model, name = models[key]
    ids = dict(model._default_manager.values_list(name, "pk"))
    value = rule["value"]
    return {**rule, "value": [ids[one] for one in value] if isinstance(value, list) else ids[value]}


@pytest.mark.parametrize(("rule", "wanted"), RULES, ids=lambda value: json.dumps(value) if value else "nobody")
def test_every_rule_is_valid_matches_and_its_opposite_matches_the_others(people, rule, wanted):
    rule = with_ids(rule)

    conditions.validate(rule, profile_only=True)

    assert emails(rule) == wanted.split()
    assert emails({"not": rule}) == sorted({"anne", "bob"} - set(wanted.split()))
    assert conditions.describe(rule)


def test_every_operator_of_every_filter_of_contacts_is_tried_above(people):
    shared = {"field": "column", "company": "column", "custom": "column"}  # their operators are the same code
    tried = {(shared.get(rule["filter"], rule["filter"]), rule["op"]) for rule, _wanted in RULES}
    ours = [one for one in filters if type(one).__module__.startswith("contacts.")]

    offered = {
        (shared.get(one.key, one.key), operator.key)
        for one in ours
        for entry in one.entries()
        for operator in entry.operators
    }

    assert offered == tried


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


def test_matching_is_one_statement(people, django_assert_num_queries):
    tree = {"any": [with_ids(rule) for rule, _wanted in RULES[:60] if rule["filter"] != "custom"]}

    with django_assert_num_queries(1):
        list(conditions.matching(tree))


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
