"""Reconciliation finds what somebody wrote past the engine, and puts it right."""

from datetime import UTC, date, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from campaigns.models import Delivery, Firing, Trigger
from config import pipeline
from scoring import ledger, reconciliation, sql
from scoring.models import ContactScore, PointEntry, PointGroup, Repeat
from tests.factories import ContactFactory
from tests.scoring.conftest import download, score, subject

pytestmark = pytest.mark.django_db
AT = datetime(2026, 3, 2, 10, tzinfo=UTC)
FRENCH = {"conditions": {"all": [{"filter": "field", "field": "country", "op": "is", "value": "FR"}]}}


@pytest.fixture
def ada(publish, fit, engagement):
    publish(5, repeat=Repeat.ALWAYS, cap_amount=2, cap_period="week")
    publish(20, source="profile_matches", params=FRENCH, group=fit)
    ada, bob = ContactFactory(country="FR"), ContactFactory(country="GB")
    for contact in (ada, bob):
        guide = subject(f"guide {contact.pk}")
        for _ in range(3):
            download(contact, guide, AT)
        ledger.adjust(contact.pk, engagement.pk, 3, note="Fair")
    pipeline.drain()
    assert score(ada) == 53
    return ada


def found():
    return [
        (finding.contact_id, finding.what, finding.due, finding.found)
        for _count, findings in reconciliation.findings(size=1)
        for finding in findings
    ]


def reconcile(*options):
    out = StringIO()
    call_command("reconcile", *options, stdout=out)
    return out.getvalue()


def test_nothing_is_found_where_all_is_well(ada):
    assert found() == []
    assert "agree" in reconcile()


BREAKAGES = {
    "a score": (
        lambda ada: ContactScore.objects.filter(contact=ada, group=None).update(score=9),
        "score",
        "53.00",
        "9.00",
    ),
    "a credit": (
        lambda ada: PointEntry.objects.filter(contact=ada, hits=3).update(credited=3),
        "line",
        "3 × → 2",
        "3 × → 3",
    ),
    "a missing line": (lambda ada: PointEntry.objects.filter(contact=ada, hits=3).delete(), "line", "3 × → 2", "–"),
    "a profile line": (
        lambda ada: PointEntry.objects.filter(contact=ada, version__kind=None).delete(),
        "profile line",
        "1",
        "–",
    ),
    "what a profile line is credited": (
        lambda ada: PointEntry.objects.filter(contact=ada, version__kind=None).update(credited=7),
        "profile line",
        "1 × → 1",
        "1 × → 7",
    ),
    "a profile line that has moved": (
        lambda ada: PointEntry.objects.filter(contact=ada, version__kind=None).update(object_id=5),
        "profile line",
        "–",
        "1 × → 1",
    ),
    "when a line begins": (
        lambda ada: PointEntry.objects.filter(contact=ada, hits=3).update(first_at=AT - timedelta(days=1)),
        "line",
        "3 × → 2, first: 2026-03-02 11:00:00+01:00",
        "3 × → 2, first: 2026-03-01 11:00:00+01:00",
    ),
    "what has expired": (
        lambda ada: PointEntry.objects.filter(contact=ada, hits=3).update(is_expired=True),
        "line",
        "3 × → 2, expired: –",
        "3 × → 2, expired: yes",
    ),
}


@pytest.mark.parametrize(("break_it", "what", "due", "wrong"), BREAKAGES.values(), ids=BREAKAGES.keys())
def test_what_was_written_past_the_engine_is_reported_and_repaired(ada, break_it, what, due, wrong):
    break_it(ada)
    assert (ada.pk, what, due, wrong) in found()
    assert {contact for contact, *_ in found()} == {ada.pk}

    with pytest.raises(CommandError, match="--repair"):
        reconcile()
    assert "Repaired" in reconcile("--repair")
    assert (found(), score(ada), sql.differences()) == ([], 53, [])


FAULTS = {
    "hits": 9,
    "credited": 9,
    "cut": 2,
    "first_at": AT - timedelta(days=40),
    "last_at": AT + timedelta(days=1),
    "expires_on": date(2099, 1, 1),
    "is_expired": True,
    "object_id": 77,
    "period": date(2026, 3, 3),
}


def everything_there_is():
    entries = PointEntry.objects.order_by("contact", "action", "version", "object_id", "period")
    scores = ContactScore.objects.order_by("contact", "group")
    return (
        list(entries.values_list("contact", "action", "version", "object_id", "period", *FAULTS)),
        list(scores.values_list("contact", "group", "score", "forward")),
    )


@pytest.mark.parametrize("is_profile", [False, True], ids=["what happened", "who it is"])
@pytest.mark.parametrize("column", FAULTS)
def test_whatever_is_written_into_a_line_is_found_and_put_back(ada, column, is_profile):
    before = everything_there_is()
    PointEntry.objects.filter(contact=ada, version__kind__isnull=is_profile).update(**{column: FAULTS[column]})
    assert everything_there_is() != before
    assert {contact for contact, *_ in found()} == {ada.pk}

    assert "Repaired" in reconcile("--repair")
    assert everything_there_is() == before


@pytest.mark.parametrize("fault", [{"score": 1000}, {"forward": 3.5}, None], ids=["sum", "forward sum", "row gone"])
@pytest.mark.parametrize("group", ["Engagement", "Fit", None])
def test_whatever_is_done_to_a_score_is_found_and_put_back(ada, group, fault):
    before = everything_there_is()
    rows = ContactScore.objects.filter(contact=ada, group=group and PointGroup.objects.get(name=group))
    rows.delete() if fault is None else rows.update(**fault)
    assert {contact for contact, *_ in found()} == {ada.pk}

    assert "Repaired" in reconcile("--repair")
    assert everything_there_is() == before


def test_a_profile_line_that_is_made_anew_stays_as_old_as_it_was(ada):
    line = PointEntry.objects.filter(contact=ada, version__kind=None)
    begun = line.get().first_at
    line.update(first_at=begun - timedelta(days=900))

    assert "Repaired" in reconcile("--repair")
    assert line.get().first_at == begun


def test_the_report_names_whom_and_what_it_is_about(ada, capsys):
    ContactScore.objects.filter(contact=ada, group=None).update(score=9)

    with pytest.raises(CommandError, match="--repair"):
        call_command("reconcile")
    line, summary = capsys.readouterr().out.splitlines()
    assert line == f"{ada} ({ada.pk}): score of “Overall score” is 9.00, should be 53.00"
    assert summary == "1 contact differs."


def test_every_difference_is_listed_where_it_is_asked_for(ada, capsys, monkeypatch):
    monkeypatch.setattr("config.management.commands.reconcile.LISTED", 1)
    ContactScore.objects.update(score=9)

    def told(*options):
        with pytest.raises(CommandError, match="--repair"):
            call_command("reconcile", *options)
        return capsys.readouterr().out.splitlines()

    *listed, summary = told("--all")
    assert (len(listed), summary) == (5, "2 contacts differ.")
    assert told() == [listed[0], "… and 4 differences more", summary]


def test_what_a_repair_crosses_is_held(ada):
    ContactScore.objects.filter(contact=ada).update(score=0)
    Trigger.objects.create(name="Hot", threshold=50)

    reconcile("--repair")
    assert (Firing.objects.get().state, Delivery.objects.count()) == ("held", 0)
