"""A person's data: all of it is handed out, all of it is erased, and what stays is about nobody."""

import io
import json
import tracemalloc
import uuid
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection
from django.urls import reverse

from campaigns.mail.links import PREFERENCES
from campaigns.models import Delivery, Message
from config import pipeline
from contacts import consent, merging, privacy, tagging, tombstones
from contacts.models import Contact, DataRequest, ErasedAddress, Erasure, Import, ImportRow, Purpose
from contacts.privacy import several
from contacts.privacy.export import Export
from contacts.privacy.parts import in_order
from scoring import ledger, reconciliation
from scoring.models import PointEntry, PointGroup, Repeat
from tests.factories import ContactFactory, FormFactory, FormFieldFactory, StageFactory, TagFactory, UserFactory
from tests.scoring.conftest import download, happen, score, subject
from tracking import tokens
from tracking.models import (
    BrowserLetGo,
    Event,
    FormSubmission,
    HeldSubmission,
    Hit,
    Kind,
    Subject,
    Tie,
    Upload,
    Visitor,
)

pytestmark = pytest.mark.django_db
AT = datetime(2026, 3, 2, 12, tzinfo=UTC)
SECRETS = ("ada@example.com", "ada@old.example", "lovelace", "mayfair", "+33612345678", "192.0.2.0", "firefox-of-ada")


@pytest.fixture
def ada(db):
    return ContactFactory(
        email="ada@example.com", first_name="Ada", last_name="Lovelace", phone="+33612345678", city="Mayfair"
    )


@pytest.fixture
def told(ada, publish, settings, tmp_path):
    """Ada has done, said and been sent something of every kind."""
    settings.UPLOAD_ROOT = tmp_path
    publish(5, repeat=Repeat.ALWAYS)
    old, form, browser = ContactFactory(email="ada@old.example"), FormFactory(), Visitor.objects.create(contact=ada)
    merging.merge(ada.pk, old.pk)
    tagging.add([ada.pk], [TagFactory(name="vip")])
    Contact.objects.filter(pk=ada.pk).update(stage=StageFactory(), fields={"home": "Mayfair"})
    for purpose in Purpose:
        consent.give(ada.pk, purpose)
    from_her = {"ip": "192.0.2.0", "user_agent": "firefox-of-ada", "visitor_id": browser.pk}
    guide = subject("guide")
    download(ada, guide, AT, url="https://example.com/guide?who=ada@example.com", **from_her)
    about = Subject.objects.get(type="form", ref_id=form.pk)
    FormFieldFactory(form=form, key="q1", label="How did you find us?", type="radio", choices=["By the tube"])
    FormFieldFactory(form=form, key="q2", label="Shall we call?", type="checkbox")
    answers = {"email": "Ada@example.com", "q2": True, "q1": "By the tube", "note": "I live in Mayfair"}
    key = happen(ada, Kind.FORM_SUBMITTED, about, AT, data={"form": form.pk, "answers": answers}, **from_her)
    happen(ada, Kind.CUSTOM, None, AT, data={"name": "visit", "place": "Mayfair"}, **from_her)
    pipeline.drain()
    upload = Upload(form=form, submission_key=key, field="cv", name="cv of lovelace.pdf", size=3)
    upload.file.save("cv.pdf", io.BytesIO(b"%PD"), save=True)
    HeldSubmission.objects.create(
        form=form, key=uuid.uuid4(), at=AT, reasons=[], hit={"data": {"answers": {"mail": "ada@example.com "}}}
    )
    delivery = Delivery.objects.create(contact=ada, type="notify_by_email", params={"to": "ada@example.com"})
    sent = Message.objects.create(
        contact=ada, delivery=delivery, channel="email", recipient="ada@example.com", title="Dear Lovelace", html="<p>Mayfair"
    )  # fmt: skip
    Message.objects.create(channel="email", recipient="boss@example.com", text="New: ada@example.com, Lovelace")
    happen(ada, Kind.EMAIL_OPENED, None, AT, message_id=sent.pk, **from_her)
    pipeline.drain()
    job = Import.objects.create(name="fair.csv", headers=["mail"], mapping=["email"])
    ImportRow.objects.create(job=job, line=2, cells=["ADA@example.com", "Lovelace"], errors=[["", "x"]])
    group = PointEntry.objects.first().version.group
    ledger.adjust(ada.pk, group.pk, 3, note="Met in Mayfair")
    pipeline.drain()
    download(ada, guide, **from_her)  # waits in the inbox
    return ada


def copy(contact):
    target = io.BytesIO()
    privacy.export(contact).write(target)
    return zipfile.ZipFile(target)


def everything():
    """All rows of all our tables as text, with the admin's history."""
    ours = ("contacts_", "tracking_", "scoring_", "campaigns_", "django_admin_log")
    found = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            if table.startswith(ours):
                cursor.execute(f"SELECT coalesce(string_agg(t::text, E'\\n'), '') FROM {table} t")
                found[table] = cursor.fetchone()[0].lower()
    return found


# --- all there is -----------------------------------------------------------------------------------------------------


def test_every_model_that_knows_of_contacts_is_erased_and_handed_out(told):
    known = set()
    for config in ("contacts", "tracking", "scoring", "campaigns"):
        for model in apps.get_app_config(config).get_models(include_auto_created=True):
            for field in model._meta.concrete_fields:
                refers = field.is_relation and field.related_model in (Contact, Visitor)
                if refers or field.name in ("contact_id", "email", "recipient", "ip", "submission_key"):
                    known.add(model._meta.label)
    known |= {"contacts.ImportRow", "tracking.HeldSubmission", "campaigns.Attempt", "campaigns.StepRun"}
    # Whom we write as, never to; the contact's own company is not a person.
    covered = {label for part in in_order() for label in part.covers}
    assert known - covered == set()
    assert {label for label in covered if not apps.get_model(label)} == set()
    told_of = {label for section in privacy.export(told).sections for label in section.models}
    assert covered - told_of == {label for part in in_order() for label in part.derived}


def test_the_copy_tells_everything_for_programs_and_for_people(told):
    archive = copy(told)
    data = json.loads(archive.read("data.json"))

    assert [row["email"] for row in data["contacts"]] == ["ada@example.com", "ada@old.example"]
    assert data["contacts"][0]["fields"] == {"home": "Mayfair"}
    assert data["submissions"][0]["answers"]["note"] == "I live in Mayfair"
    assert [row["title"] for row in data["messages"]] == ["Dear Lovelace"]
    assert [
        (row["kind"], row["browser"], row["network"]) for row in data["events"] if row["kind"] == "email_opened"
    ] == [("email_opened", "firefox-of-ada", "192.0.2.0")]
    assert (len(data["ledger"]), data["adjustments"][0]["points"]) == (1, 3)
    assert data["scores"][0]["score"] == sum(line["points"] for line in data["score_lines"]) == 8
    assert (len(data["hits"]), len(data["held_submissions"]), len(data["import_lines"])) == (1, 1, 1)
    page = archive.read("data.html").decode()
    assert "I live in Mayfair" in page
    assert "How did you find us?: By the tube; Shall we call?: yes; note: I live in Mayfair" in page
    assert "“Shall we call?”: yes" in page
    assert "What is known about Ada Lovelace" in page
    (name,) = [name for name in archive.namelist() if name.startswith("files/")]
    assert (archive.read(name), data["files"][0]["file"]) == (b"%PD", name)


def test_the_copy_lists_as_many_scores_as_an_erasure_says_go(told):
    PointGroup.objects.create(name="Fit")  # in which they have none
    rows = [section.rows for section in privacy.export(told).sections if section.key == "scores"]

    assert [len(list(found)) for found in rows] == [1]
    assert privacy.count(told.pk).counts["scoring.ContactScore"] == 1


def test_an_erasure_counts_browsers_and_what_hangs_on_them_apart(told):
    Tie.objects.get_or_create(visitor=Visitor.objects.get(), contact=told)
    found = privacy.count(told.pk)
    assert (found.counts["tracking.Visitor"], found.counts["tracking.Tie"]) == (1, 1)


def test_nothing_of_others_is_in_the_copy_and_markup_is_text(ada):
    ContactFactory(email="bob@example.com")
    Contact.objects.filter(pk=ada.pk).update(city="<script>alert(1)</script>")
    archive = copy(Contact.objects.get(pk=ada.pk))

    assert "bob@example.com" not in archive.read("data.json").decode()
    assert "<script" not in archive.read("data.html").decode()


def test_a_long_history_is_written_row_by_row(ada, tmp_path):
    rows = ({"text": f"{number} {'x' * 1000}"} for number in range(20_000))  # 20 MB, twice
    section = privacy.Section("deeds", "What you did", {"text": privacy.Column("text", lambda row: row["text"])}, rows)
    found = Export(privacy.Person.of(ada), datetime.now(UTC), [section], [])
    tracemalloc.start()
    with (tmp_path / "copy.zip").open("wb") as target:
        found.write(target)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < 8_000_000
    archive = zipfile.ZipFile(tmp_path / "copy.zip")
    assert len(json.loads(archive.read("data.json"))["deeds"]) == 20_000
    assert archive.read("data.html").count(b"<dt>text</dt>") == 20_000


# --- erasure ----------------------------------------------------------------------------------------------------------


def test_nothing_names_the_person_after_the_erasure(told, django_capture_on_commit_callbacks):
    path = Upload.objects.get().file.path
    assert any(secret in text for text in everything().values() for secret in SECRETS)
    with django_capture_on_commit_callbacks(execute=True):
        privacy.erase(told.pk)
    pipeline.drain()

    # A program and a network are known for all who came with them: what is left of them leads to nobody.
    shared = {"tracking_agent": "firefox-of-ada", "tracking_network": "192.0.2.0"}
    left = {
        (table, secret)
        for table, text in everything().items()
        for secret in SECRETS
        if secret in text and shared.get(table) != secret
    }
    assert left == set()
    assert not Path(path).exists()


def test_what_was_done_still_counts_for_nobody_in_particular(told):
    before = list(Event.objects.order_by("pk").values_list("pk", "kind", "at", "subject", "message_id", "verdict"))
    people = Event.objects.filter(kind__lt=30)
    assert (people.values("contact").distinct().count(), FormSubmission.objects.count()) == (1, 1)
    done = privacy.erase(told.pk)

    assert (
        list(Event.objects.order_by("pk").values_list("pk", "kind", "at", "subject", "message_id", "verdict")) == before
    )
    assert list(people.values_list("contact").distinct()) == [(None,)]
    assert people.values("visitor_id").distinct().count() == 1
    assert Visitor.objects.count() == 0
    assert FormSubmission.objects.get().answers == {}
    assert Message.objects.filter(contact=None, html="", recipient="").count() == 2
    assert Event.objects.get(kind=Kind.ASSET_DOWNLOADED).data == {"url": "https://example.com/guide"}
    assert done.counts["contacts.Contact"] == 2
    assert done.counts["tracking.Event"] == len(before)


def test_the_ledger_and_the_scores_agree_afterwards(told, publish):
    bob = ContactFactory()
    download(bob, subject("tour"))
    pipeline.drain()
    privacy.erase(told.pk)
    pipeline.drain()

    assert (score(bob), PointEntry.objects.exclude(contact=bob).count()) == (5, 0)
    assert [found for _count, some in reconciliation.findings() for found in some] == []


def test_erasing_twice_is_once_and_the_record_does_not_say_who(told):
    user = UserFactory()
    privacy.erase(told.pk, by=user, reason="Asked by letter")

    assert privacy.erase(told.pk) is None
    record = Erasure.objects.get()
    assert (record.by, record.reason, record.people) == (user, "Asked by letter", 1)
    assert Hit.objects.count() == 0


def test_counting_first_changes_nothing(told):
    before = everything()
    found = privacy.count(told.pk)

    assert found.counts["contacts.Contact"] == 2
    assert everything() == before


def test_others_who_used_the_same_browser_keep_what_they_did(told):
    bob, browser = ContactFactory(), Visitor.objects.get()
    download(bob, subject("prices"), visitor_id=browser.pk)
    pipeline.drain()
    privacy.erase(told.pk)
    download(bob, subject("tour"), visitor_id=browser.pk)  # it is used again
    pipeline.drain()
    seen = Event.objects.filter(contact=bob, kind=Kind.ASSET_DOWNLOADED).order_by("pk")
    assert list(seen.values_list("visitor_id", flat=True)) == [browser.pk, browser.pk]
    several.carry()

    assert list(seen.values_list("visitor_id", flat=True)) == [None, browser.pk]
    assert BrowserLetGo.objects.count() == 0


# --- who was erased stays erased, unless they come back ---------------------------------------------------------------


def test_old_tokens_and_programs_bring_nobody_back_but_a_form_does(told):
    form = Subject.objects.filter(type="form").first()
    privacy.erase(told.pk)
    download(told, subject("tour"))
    happen(None, Kind.IDENTIFIED, None, data={"email": "ADA@example.com", "first_name": "Ada"})
    pipeline.drain()
    assert Contact.objects.count() == 0
    assert not Event.objects.filter(kind=Kind.IDENTIFIED).exists()

    field = form and FormSubmission.objects.get().form.fields.create(
        key="email", label="Email", type="email", contact_field="email", position=1
    )
    data = {"form": field.form_id, "answers": {"email": "ada@example.com"}}
    happen(None, Kind.FORM_SUBMITTED, form, data=data)
    pipeline.drain()
    assert Contact.objects.get().email == "ada@example.com"
    assert tombstones.among(["ada@example.com"]) == {}


def test_an_import_leaves_the_erased_out_and_says_how_many(told):
    from contacts.imports import jobs

    privacy.erase(told.pk)
    job = jobs.stage(io.BytesIO(b"email,first_name\nada@example.com,Ada\nbob@example.com,Bob\n"), "list.csv", None)
    jobs.start(job)
    jobs.advance(job.pk)

    job.refresh_from_db()
    assert (job.created, job.erased, job.failed, job.unchanged) == (1, 1, 0, 0)
    assert list(Contact.objects.values_list("email", flat=True)) == ["bob@example.com"]
    assert ErasedAddress.objects.filter(digest__contains="ada").count() == 0


# --- commands ---------------------------------------------------------------------------------------------------------


def test_commands_hand_out_and_erase(told, tmp_path, capsys):
    target = tmp_path / "ada.zip"
    call_command("export_person", "Ada@Example.com", out=str(target))
    assert "data.json" in zipfile.ZipFile(target).namelist()
    call_command("export_person", "ada@old.example")
    assert json.loads(capsys.readouterr().out)["contacts"][0]["email"] == "ada@example.com"
    call_command("erase_person", "ada@example.com", dry_run=True)
    assert Contact.objects.count() == 2
    call_command("erase_person", "ada@example.com", yes=True)
    assert Contact.objects.count() == 0


def test_no_address_of_the_network_is_stored_whole(ada, client):
    form = FormFactory()
    field = {"key": "email", "label": "Email", "type": "email", "contact_field": "email", "position": 1}
    form.fields.create(**field)
    consent.give(ada.pk, Purpose.WEB_TRACKING, "Yes", "Fair", "203.0.113.77")
    choices = reverse("campaigns:preferences", args=[tokens.sign_ref(PREFERENCES, tokens.Ref(ada.pk, 0, 0))])
    for address in ("203.0.113.77", "2001:db8:1:2:3:4:5:77"):
        told = {"REMOTE_ADDR": address}
        client.get("/t/p.gif", HTTP_REFERER="https://example.com/prices", **told)
        client.post(f"/f/{form.public_id}", {"email": "ada@example.com"}, **told)
        client.post(choices, {"ask": "export"}, **told)
        client.post(choices, {"shown": "profiling.on"}, **told)
    pipeline.drain()

    assert DataRequest.objects.get().ip == "203.0.113.0"
    found = [table for table, text in everything().items() if "203.0.113.77" in text or ":5:77" in text]
    assert found == []
