"""`manage.py explain`: a contact's score on a terminal, for people and for programs."""

import json
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.utils import translation

from config import pipeline
from scoring import ledger, rules
from scoring.explain import moments
from scoring.models import PointGroup, Repeat
from tests.factories import ContactFactory
from tests.scoring.conftest import download, subject

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 1, 26, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def now(settings):
    settings.CONSENT_REQUIRED = []
    with translation.override("en"), time_machine.travel(NOW, tick=False) as clock:
        yield clock


@pytest.fixture
def ada(publish, engagement, fit):
    ada = ContactFactory(email="ada@example.com")
    publish(5, repeat=Repeat.ONCE_PER_OBJECT, cap_amount=1)
    for days in (2, 1):
        download(ada, subject(f"guide {days}"), NOW - timedelta(days=days))
    ledger.adjust(ada.pk, fit.pk, -3, note="Student")
    pipeline.drain()
    return ada


def explained(*args):
    out, err = StringIO(), StringIO()
    call_command("explain", *args, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def test_it_prints_lines_that_add_up(ada):
    assert explained("Ada@Example.com ")[0].splitlines() == [
        "Engagement",
        "  asset_downloaded +5 (v1)  guide 1  Jan. 25, 2026   0",
        "      limit reached: at most 1 time in all",
        "  asset_downloaded +5 (v1)  guide 2  Jan. 24, 2026  +5",
        "  Score                                              5",
        "",
        "Fit",
        "  By hand    Jan. 26, 2026  −3",
        "      Student",
        "  Score                     −3",
        "",
        "Overall score",
        "  Engagement  5 × 1      5",
        "  Fit         −3 × 2    −6",
        "  Score                 −1",
        "",
        "What almost counted",
        "  asset_downloaded +5 (v1) · guide 1 · +5: limit reached: at most 1 time in all",
    ]


def test_it_speaks_the_language_that_is_active(ada):
    with translation.override("fr"):
        assert "24 jan. 2026" in explained("ada@example.com")[0]


def test_one_group_at_a_moment_under_the_rules_of_then_or_today(ada, publish, now):
    action = publish(7)
    now.shift(timedelta(days=1))
    action.points = 9
    action.save()
    rules.put_into_force(action, rules.draft(action, action, None), NOW + timedelta(days=1), rules.Scope.PAST)

    def score(*more):
        found = json.loads(explained("ada@example.com", "--group", "engagement", "--json", *more)[0])
        assert [part["group"] for part in found["groups"]] == ["Engagement"]
        assert sum(line["points"] for line in found["groups"][0]["lines"]) == found["groups"][0]["score"]
        return found["groups"][0]["score"]

    assert score("--at", "2026-01-26") == 12  # guide 2 by both rules
    assert score("--at", "2026-01-26", "--rules", "today") == 14
    assert score("--at", "2026-01-24T12:00:00Z", "--rules", "then") == 12
    assert score("--at", "2026-01-24T12:59") == 0  # an hour ahead of UTC
    assert score("--at", "2026-01-24T13:00") == 12


def test_the_data_for_programs_say_all_of_a_line(ada):
    found = json.loads(explained("ada@example.com", "--json")[0])
    line = found["groups"][0]["lines"][0]

    assert {key: found[key] for key in ("contact", "email", "at", "day", "overall", "limit", "refusals")} == {
        "contact": ada.pk, "email": "ada@example.com", "at": None, "day": "2026-01-26", "overall": -1.0, "limit": 0.0,
        "refusals": [],
    }  # fmt: skip
    assert line == {
        "kind": "rule", "name": "asset_downloaded +5", "version": 1, "priced_by": None, "about": "guide 1", "hits": 1,
        "credited": 0, "each": 5, "cut": 0, "earned": 0, "points": 0.0, "first_at": "2026-01-25T12:00:00+00:00",
        "last_at": "2026-01-25T12:00:00+00:00", "age_days": 1, "expires_on": None, "is_expired": False,
        "notes": [{"key": "cap", "text": "limit reached: at most 1 time in all"}],
    }  # fmt: skip
    assert [(one["reason"], one["lost"]) for one in found["almost"]] == [("cap", 5)]


def test_a_merged_contact_leads_to_whom_they_were_merged_into(ada):
    ContactFactory(email="old@example.com", merged_into=ada)
    out, err = explained("old@example.com")

    assert "guide 2" in out
    assert err.strip() == "old@example.com has been merged into ada@example.com."


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (["bob@example.com"], "There is no contact with the email bob@example.com."),
        ([""], "There is no contact with the email ."),
        (["ada@example.com", "--group", "Fame"], "There is no point group “Fame”. There are: Engagement, Fit."),
        (["ada@example.com", "--group", ""], "There is no point group “”. There are: Engagement, Fit."),
        (["ada@example.com", "--at", "soon"], "“soon” is not a time: write 2026-03-02 or 2026-03-02 14:30."),
        (
            ["ada@example.com", "--at", "2026-13-01"],
            "“2026-13-01” is not a time: write 2026-03-02 or 2026-03-02 14:30.",
        ),
        (["ada@example.com", "--at", ""], "“” is not a time: write 2026-03-02 or 2026-03-02 14:30."),
        (["ada@example.com", "--at", "2026-01-27"], "“2026-01-27” has not come yet."),
        (["ada@example.com", "--at", "0001-01-01T00:00+14:00"], "“0001-01-01T00:00+14:00” is too long ago."),
        (
            ["ada@example.com", "--at", "2025-10-26 02:30"],
            "“2025-10-26 02:30” is ambiguous, the clocks were changed then: add the offset, such as +02:00.",
        ),
    ],
)
def test_what_cannot_be_explained_is_refused_in_words(ada, args, sentence):
    with pytest.raises(CommandError) as refused:
        explained(*args)
    assert (str(refused.value), refused.value.returncode) == (sentence, 1)


def test_a_group_that_may_be_several_is_asked_back(ada, engagement):
    PointGroup.objects.create(name="ENGAGEMENT")

    with pytest.raises(CommandError, match="may be any of these point groups: ENGAGEMENT, Engagement"):
        explained("ada@example.com", "--group", "engagement")
    assert "guide 2" in explained("ada@example.com", "--group", "Engagement")[0]


def test_today_alone_is_now_and_other_days_end_at_midnight():
    assert moments.read("2026-01-26") == NOW
    assert moments.read("2026-01-25") == datetime(2026, 1, 25, 22, 59, 59, 999999, tzinfo=UTC)
