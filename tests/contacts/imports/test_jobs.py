"""An import from beginning to end: looked at, mapped, stopped midway, cancelled, taken up again."""

import pytest
from django.core.exceptions import ValidationError

from contacts.imports import jobs
from contacts.models import Contact, Import, ImportRow
from contacts.tasks import sweep_imports
from tests.contacts.imports.staging import counts, staged
from tests.factories import ContactFactory

pytestmark = pytest.mark.django_db


def test_look_changes_nothing_and_counts_new_known_and_wrong():
    ContactFactory(email="a@example.com")

    look = jobs.look(staged("email\na@example.com\nb@example.com\nnope\n"))

    assert (look.known, look.new, len(look.wrong)) == (1, 1, 1)
    assert Contact.objects.count() == 1


def test_remap_says_where_columns_go():
    job = staged("courrier,foo\na@example.com,Lyon\n")
    assert job.mapping == ["", ""]

    jobs.remap(job, ["email", "city"])
    jobs.start(job)
    jobs.advance(job.pk)

    assert list(Contact.objects.values_list("email", "city")) == [("a@example.com", "Lyon")]


@pytest.mark.parametrize("mapping", [["city", "city"], ["", "city"], ["email", "email"], ["x", "y"]])
def test_remap_refuses_what_cannot_work(mapping):
    with pytest.raises(ValidationError):
        jobs.remap(staged("a,b\n1,2\n"), mapping)


def test_an_import_stopped_midway_goes_on_where_it_was(monkeypatch):
    monkeypatch.setattr(jobs, "CHUNK", 2)
    job = staged("email\n" + "".join(f"u{number}@example.com\n" for number in range(5)))
    jobs.start(job)

    assert jobs.advance(job.pk, seconds=-1) is True
    assert Contact.objects.count() == 2
    assert jobs.advance(job.pk) is False

    job.refresh_from_db()
    assert (counts(job), job.done, job.state) == ((5, 0, 0, 0), 5, Import.State.DONE)
    assert ImportRow.objects.count() == 0


def test_a_cancelled_import_does_no_more(monkeypatch):
    monkeypatch.setattr(jobs, "CHUNK", 2)
    job = staged("email\n" + "".join(f"u{number}@example.com\n" for number in range(5)))
    jobs.start(job)
    jobs.advance(job.pk, seconds=-1)

    assert jobs.cancel(job) is True
    assert jobs.advance(job.pk) is False
    assert jobs.cancel(job) is False
    assert (Contact.objects.count(), ImportRow.objects.count()) == (2, 0)


def test_an_import_starts_once():
    job = staged("email\na@example.com\n")

    assert [jobs.start(job), jobs.start(job)] == [True, False]


def test_the_sweep_takes_up_abandoned_imports_and_forgets_old_drafts(monkeypatch):
    draft, lost = staged("email\na@example.com\n"), staged("email\nb@example.com\n")
    jobs.start(lost)
    Import.objects.filter(pk=lost.pk).update(heard_at="2020-01-01T00:00Z")
    Import.objects.filter(pk=draft.pk).update(created_at="2020-01-01T00:00Z")
    rung = []
    monkeypatch.setattr("contacts.tasks.carry_import.delay", rung.append)

    sweep_imports()

    assert rung == [lost.pk]
    assert list(Import.objects.values_list("pk", flat=True)) == [lost.pk]
