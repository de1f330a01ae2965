"""Each kind of data goes when it is due, and not before."""

import io
import os
import uuid
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.contrib.admin.models import LogEntry
from django.utils import timezone

from campaigns.models import Attempt, Delivery, Message
from contacts.models import DataRequest, Import, ImportRow, RetentionPolicy, RetentionRun
from contacts.privacy.retention import kinds, policies, runs
from contacts.privacy.retention.kinds import months_before
from tests.factories import (
    ContactFactory,
    FormFactory,
    UserFactory,
)
from tests.retention.decided import NEW, OLD, ago, apply, event
from tracking.models import (
    Agent,
    Confirmation,
    FormSubmission,
    HeldSubmission,
    Hit,
    Mark,
    Network,
    OutageShare,
    Upload,
    Visitor,
)

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("day", "months", "before"),
    [
        ("2026-03-31", 1, "2026-02-28"),
        ("2024-03-31", 1, "2024-02-29"),
        ("2026-01-15", 13, "2024-12-15"),
        ("2026-12-31", 12, "2025-12-31"),
        ("2026-12-31", 1, "2026-11-30"),
        ("2026-11-23", 600, "1976-11-23"),
    ],
)
def test_a_month_ago_is_the_same_day_or_that_months_last(day, months, before):
    assert months_before(datetime.fromisoformat(day).date(), months).isoformat() == before


def test_what_was_decided_last_holds_and_who_decided_it_is_kept():
    ada, kind = UserFactory(), kinds["anonymous_events"]
    assert policies.lengths()["anonymous_events"] == 13

    assert policies.decide(kind, 6, ada)
    assert not policies.decide(kind, 6, ada)
    assert policies.decide(kind, None, ada)

    assert policies.lengths()["anonymous_events"] is None
    assert list(RetentionPolicy.objects.order_by("pk").values_list("kind", "length", "author")) == [
        ("anonymous_events", 6, ada.pk),
        ("anonymous_events", None, ada.pk),
    ]


@pytest.mark.parametrize("length", [0, -1, 601])
def test_no_length_is_taken_that_cannot_be_meant(length):
    with pytest.raises(ValueError, match="cannot be kept"):
        policies.decide(kinds["held_spam"], length)
    with pytest.raises(ValueError, match="cannot be kept"):
        policies.decide(kinds["lost_files"], 5)


def test_a_day_begins_where_the_instance_is(settings):
    settings.TIME_ZONE = "Europe/Paris"
    now = datetime(2026, 7, 1, 23, 30, tzinfo=UTC)  # 1:30 on the second of July in Paris
    with timezone.override("Europe/Paris"):
        before = kinds["held_spam"].before(30, now)

    assert before == datetime(2026, 6, 1, 22, tzinfo=UTC)


def test_lines_of_imports_go_when_the_import_ended_long_ago():
    for state, finished in (("done", OLD), ("cancelled", OLD), ("done", NEW), ("running", None)):
        job = Import.objects.create(name=state, state=state, finished_at=ago(**finished) if finished else None)
        ImportRow.objects.create(job=job, line=2, cells=["ada@example.com"], errors=[["", "x"]])

    assert apply()["import_lines"] == 2
    assert sorted(ImportRow.objects.values_list("job__name", flat=True)) == ["done", "running"]
    assert Import.objects.count() == 4


def test_requests_and_the_history_go_only_where_that_was_decided():
    ada, user = ContactFactory(), UserFactory()
    for done in (ago(**OLD), ago(**NEW), None):
        DataRequest.objects.create(contact=ada, kind="export", done_at=done)
    for at in (OLD, NEW):
        LogEntry.objects.create(user=user, action_flag=2, object_repr="Ada", action_time=ago(**at))
    assert set(apply()) & {"data_requests", "admin_log"} == set()

    counts = apply(data_requests=6, admin_log=6)

    assert (counts["data_requests"], counts["admin_log"]) == (1, 1)
    assert (DataRequest.objects.count(), LogEntry.objects.count()) == (2, 1)


def test_words_of_messages_and_details_of_tries_go_and_that_they_were_sent_stays():
    ada = ContactFactory()
    for at, state in ((OLD, "sent"), (NEW, "sent"), (OLD, "retrying")):
        delivery = Delivery.objects.create(contact=ada, type="x", state=state)
        Message.objects.create(
            contact=ada, delivery=delivery, channel="email", recipient="a@b.c", title=f"{at['days']} {state}",
            html="<p>Dear Ada", text="Dear Ada", headers={"To": "a@b.c"}, created_at=ago(**at),
        )  # fmt: skip
        Attempt.objects.create(
            delivery=delivery, number=1, started_at=ago(**at), finished_at=ago(**at), succeeded=True, detail="250 OK"
        )
    assert apply() == {"attempts": 2}

    assert apply(message_bodies=12) == {"message_bodies": 1}

    kept = Message.objects.order_by("pk").values_list("title", "recipient", "html", "text", "headers")
    assert list(kept) == [
        ("700 sent", "a@b.c", "", "", {}),
        ("20 sent", "a@b.c", "<p>Dear Ada", "Dear Ada", {"To": "a@b.c"}),
        ("700 retrying", "a@b.c", "<p>Dear Ada", "Dear Ada", {"To": "a@b.c"}),
    ]
    assert list(Attempt.objects.order_by("pk").values_list("succeeded", "detail")) == [
        (True, ""),
        (True, "250 OK"),
        (True, ""),
    ]
    assert apply() == {}


def upload(form, key, **fields):
    row = Upload(form=form, submission_key=key, field="cv", name="cv.pdf", size=3, **fields)
    row.file.save("cv.pdf", io.BytesIO(b"%PD"), save=True)
    return row


def files(root):
    return sorted(path.name for path in root.rglob("*") if path.is_file())


def test_answers_spam_and_parked_hits_go_with_their_files(kept_files, django_capture_on_commit_callbacks):
    form, ada = FormFactory(), ContactFactory()
    kept = []
    for at, days in ((OLD, 40), (NEW, 10)):
        sent = FormSubmission.objects.create(
            form=form, contact=ada, key=uuid.uuid4(), answers={"a": "b"}, url="https://x.example/?q", at=ago(**at)
        )
        held = HeldSubmission.objects.create(form=form, key=uuid.uuid4(), at=ago(days=days))
        parked = Hit.objects.create(kind=8, key=uuid.uuid4(), at=ago(**at), parked_at=ago(**at), error="x")
        kept = [upload(form, row.key) for row in (sent, held, parked)]
    Hit.objects.create(kind=8, key=uuid.uuid4(), at=ago(**OLD))  # waits: it is not parked

    with django_capture_on_commit_callbacks(execute=True):
        counts = apply(submissions=12)

    assert counts == {"submissions": 1, "held_spam": 1, "parked_hits": 1}
    assert list(FormSubmission.objects.order_by("at").values_list("contact", "answers", "url")) == [
        (ada.pk, {}, ""),
        (ada.pk, {"a": "b"}, "https://x.example/?q"),
    ]
    assert (HeldSubmission.objects.count(), Hit.objects.count()) == (1, 2)
    assert files(kept_files) == sorted(row.pk.hex for row in kept)
    assert set(Upload.objects.values_list("pk", flat=True)) == {row.pk for row in kept}


def test_files_that_belong_to_nothing_go_after_a_day(kept_files, django_capture_on_commit_callbacks):
    form = FormFactory()
    upload(form, uuid.uuid4(), created_at=ago(days=2))  # its submission was never kept
    young = upload(form, uuid.uuid4())
    of_hit = upload(form, Hit.objects.create(kind=8, key=uuid.uuid4(), at=ago(days=2)).key, created_at=ago(days=2))
    for name, age in (("0" * 32, 2), ("1" * 32, 0)):
        path = kept_files / "aa" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x")
        os.utime(path, (ago(days=age).timestamp(),) * 2)

    with django_capture_on_commit_callbacks(execute=True):
        assert apply()["lost_files"] == 2

    assert files(kept_files) == sorted([young.pk.hex, of_hit.pk.hex, "1" * 32])


def test_browsers_confirmations_and_outages():
    ada, form = ContactFactory(), FormFactory()
    for at in (OLD, NEW):
        for contact in (None, ada):
            Visitor.objects.create(contact=contact, first_seen_at=ago(**OLD), last_seen_at=ago(**at))
        OutageShare.objects.create(key=str(at), began_at=ago(**at), ended_at=ago(**at), kept=1, lost=0)
    for asked, confirmed in ((OLD, OLD), (OLD, None), (NEW, NEW)):
        Confirmation.objects.create(
            key=uuid.uuid4(), form=form, contact=ada, email="a@b.c", asked_at=ago(**asked),
            expires_at=ago(days=600) if confirmed else timezone.now() + timedelta(days=1),
            confirmed_at=confirmed and ago(**confirmed),
        )  # fmt: skip

    assert apply(confirmations=13, outages=13) == {"browsers": 1, "confirmations": 1, "outages": 1}
    assert (Visitor.objects.count(), Confirmation.objects.count(), OutageShare.objects.count()) == (3, 2, 1)


def test_programs_and_networks_go_when_nothing_names_them():
    old = {"first_seen_at": ago(**OLD)}
    named, unnamed, marked, young = (Agent.objects.create(text=text, **old) for text in "abcd")
    Agent.objects.filter(pk=young.pk).update(first_seen_at=ago(days=3))
    Mark.objects.create(agent=marked)
    near, far = (Network.objects.create(address=address, **old) for address in ("192.0.2.0", "198.51.100.0"))
    event(ago(days=3), contact=ContactFactory(), agent=named, network=near)

    assert apply() == {"programs": 2}

    assert set(Agent.objects.all()) == {named, marked, young}
    assert list(Network.objects.all()) == [near]
    assert (unnamed.pk, far.pk) != (None, None)


def test_all_events_are_not_looked_through_for_programs_every_day():
    """Only by the first run, once a month, and when somebody asks."""
    run = runs.ask()
    runs.carry(run.pk)
    Agent.objects.create(text="gone", first_seen_at=ago(**OLD))
    RetentionRun.objects.update(started_at=ago(days=1))
    with time_machine.travel(timezone.now().replace(day=15), tick=True):
        run = runs.ask()
        runs.carry(run.pk)
        assert Agent.objects.count() == 1
    with time_machine.travel((timezone.now() + timedelta(days=31)).replace(day=1, hour=12), tick=True):
        run = runs.ask()
        runs.carry(run.pk)
        assert Agent.objects.count() == 0
