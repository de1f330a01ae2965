"""What the database promises when several do the same at once: one test per unique constraint."""

import io

import pytest
from django.db import IntegrityError

from contacts import consent, segments, tagging
from contacts.imports import jobs
from contacts.models import Change, Company, Contact, ContactTag, DoNotContact, Import, Membership, Stage, Tag
from contacts.sql import name_rows
from tests.factories import ContactFactory, CustomFieldFactory, SegmentFactory, TagFactory
from tests.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def or_refused(make):
    def attempt(number):
        try:
            make(number)
            return True
        except IntegrityError:
            return False

    return attempt


@pytest.mark.parametrize(
    ("model", "make"),
    [
        (Contact, lambda n: Contact.objects.create(email="Anne@example.com" if n % 2 else "anne@example.com")),
        (Tag, lambda n: Tag.objects.create(name="VIP" if n % 2 else "vip")),
        (Company, lambda n: Company.objects.create(name="Acme" if n % 2 else "ACME")),
        (Stage, lambda n: Stage.objects.create(name="Lead")),
        (segments.Segment, lambda n: SegmentFactory(name="Dinner")),
        (CustomFieldFactory._meta.model, lambda n: CustomFieldFactory(key="age")),
    ],
    ids=["email", "tag", "company", "stage", "segment", "custom field"],
)
def test_one_row_per_name(model, make):
    assert sum(at_once(or_refused(make))) == 1
    assert model.objects.count() == 1


def test_one_tag_once_per_contact():
    contacts, tags = ContactFactory.create_batch(20), TagFactory.create_batch(3)

    added = at_once(lambda n: tagging.add([one.pk for one in contacts[:: 1 if n % 2 else -1]], tags))

    assert (sum(added), ContactTag.objects.count()) == (60, 60)


def test_one_tag_per_name_when_made_on_the_fly():
    names = [f"tag {number}" for number in range(20)]

    at_once(lambda n: tagging.named([name.upper() if n % 2 else name for name in names]))

    assert Tag.objects.count() == 20


def test_one_company_per_name_when_made_on_the_fly():
    at_once(
        lambda n: name_rows("contacts_company", [f"{'ACME' if n % 2 else 'Acme'} {number}" for number in range(20)])
    )

    assert Company.objects.count() == 20


def test_one_membership_per_segment_and_contact_whoever_decides():
    segment = SegmentFactory(conditions={"filter": "field", "field": "country", "op": "is", "value": "FR"})
    ids = [contact.pk for contact in ContactFactory.create_batch(30, country="FR")]
    work = [
        lambda: segments.rebuild(segment).entered,
        lambda: segments.update(ids)[0],
        lambda: segments.add(segment, ids[:10], "manual"),
        lambda: segments.add(segment, ids[5:15], "trigger"),
        lambda: segments.rebuild(segment).entered,
        lambda: segments.update(reversed(ids))[0],
    ]

    entered = at_once(lambda number: work[number]())

    assert Membership.objects.filter(is_member=True).count() == 30
    assert Change.objects.filter(kind="entered").count() == 30
    assert sum(entered) == 30
    assert Membership.objects.exclude(reason="rule").count() == 15


def test_what_is_decided_while_a_rebuild_runs_stays_decided():
    segment = SegmentFactory(conditions={"filter": "field", "field": "country", "op": "is", "value": "FR"})
    ids = [contact.pk for contact in ContactFactory.create_batch(10, country="FR")]
    segments.rebuild(segment)
    Contact.objects.update(country="DE")

    at_once(lambda n: segments.add(segment, ids, "manual") if n == 0 else segments.rebuild(segment))

    assert list(Membership.objects.values_list("is_member", "reason").distinct()) == [(True, "manual")]
    assert Membership.objects.count() == 10


def test_one_block_per_channel():
    contact = ContactFactory()

    assert sum(at_once(lambda n: consent.block(contact, "email"))) == 1
    assert DoNotContact.objects.count() == 1


def test_one_import_is_carried_on_by_one_worker_at_a_time(monkeypatch):
    monkeypatch.setattr(jobs, "CHUNK", 7)
    text = "email,tags,company\n" + "".join(f"u{n}@example.com,x|y,Acme\n" for n in range(100))
    job = jobs.stage(io.BytesIO(text.encode()), "x.csv", None)
    jobs.start(job)

    at_once(lambda n: jobs.advance(job.pk))
    jobs.advance(job.pk)

    job.refresh_from_db()
    assert (job.state, job.done, job.created, job.unchanged, job.failed) == (Import.State.DONE, 100, 100, 0, 0)
    assert (Contact.objects.count(), ContactTag.objects.count()) == (100, 200)


def test_two_imports_of_the_same_file_make_each_contact_once():
    text = "email,tags\n" + "".join(f"u{n}@example.com,x\n" for n in range(200))
    made = [jobs.stage(io.BytesIO(text.encode()), "x.csv", None) for _number in range(3)]
    for job in made:
        jobs.start(job)

    at_once(lambda n: jobs.advance(made[n].pk), times=3)

    assert (Contact.objects.count(), ContactTag.objects.count()) == (200, 200)
    assert sum(Import.objects.values_list("created", flat=True)) == 200
