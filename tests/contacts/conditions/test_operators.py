"""Every operator of every filter: whom it matches, and that its opposite matches the others."""

import json
from datetime import date, timedelta

import pytest

from contacts import conditions
from contacts.filters import filters
from tests.contacts.conditions.conftest import TODAY, company, emails, field, with_ids

pytestmark = pytest.mark.django_db


def custom(name, op, **values):
    return {"filter": "custom", "field": name, "op": op, **values}


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


def test_matching_is_one_statement(people, django_assert_num_queries):
    tree = {"any": [with_ids(rule) for rule, _wanted in RULES[:60] if rule["filter"] != "custom"]}

    with django_assert_num_queries(1):
        list(conditions.matching(tree))
