"""The rule doctor where there is nothing to find."""

import pytest

from config import pipeline
from scoring.doctor import examine
from tests.campaigns.doctor.findings import told

pytestmark = pytest.mark.django_db


def test_an_empty_instance_is_well(db):
    pipeline.drain()

    assert examine() == []


def test_actions_that_cannot_be_read_do_no_harm(reachable, trigger):
    trigger("retired_action", {"group": 1})
    trigger("add_points", {})
    trigger("set_stage", {"stage": 10**9})
    trigger("send_email", {"email": 10**9}, again="rearm")
    trigger("add_points", {"group": 10**9, "points": 5})

    assert told() == []
