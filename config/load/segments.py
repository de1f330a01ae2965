"""The segments: one that asks a lot of everybody, a plain one, and a fixed list."""

from __future__ import annotations

from typing import Any

from config.load import sql
from contacts import conditions, segments
from contacts.models import Membership, Segment

# Columns and custom fields; or a score and visits; or a custom field and what did not happen.
DEMANDING: dict[str, Any] = {
    "any": [
        {
            "all": [
                {"filter": "field", "field": "country", "op": "one_of", "value": ["DE", "FR", "NL"]},
                {"filter": "custom", "field": "industry", "op": "is", "value": "saas"},
                {"filter": "custom", "field": "employees", "op": "at_least", "value": 500},
            ]
        },
        {
            "all": [
                {"filter": "score", "group": "overall", "op": "at_least", "value": 100},
                {"filter": "page_visited", "op": "did", "times": 3, "days": 30},
            ]
        },
        {
            "all": [
                {"filter": "custom", "field": "plan", "op": "is", "value": "ent"},
                {"filter": "form_submitted", "op": "did_not", "days": 90},
            ]
        },
    ]
}
PLAIN: dict[str, Any] = {"filter": "field", "field": "country", "op": "is", "value": "FR"}


def create() -> None:
    """Make them and fill them, once there are scores; who entered is not noted for the pipeline."""
    Segment.objects.create(name="Fixed list", description="Filled by triggers.")
    for name, tree in (("Demanding", DEMANDING), ("Plain", PLAIN)):
        conditions.validate(tree)
        segment = Segment.objects.create(name=name, is_dynamic=True, conditions=tree)
        with sql.unnoted(Membership._meta.db_table):
            segments.rebuild(segment)
