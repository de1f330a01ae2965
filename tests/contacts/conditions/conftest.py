"""People of every kind, and rules about them."""

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone

from contacts import conditions
from contacts.models import Segment, Stage, Tag
from tests.factories import (
    CompanyFactory,
    ContactFactory,
    CustomFieldFactory,
    SegmentFactory,
    StageFactory,
    TagFactory,
    UserFactory,
)

TODAY = timezone.localdate


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


def company(name, op, **values):
    return {"filter": "company", "field": name, "op": op, **values}


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
