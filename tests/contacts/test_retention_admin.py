"""Retention in the admin: lengths on one page with their history, what would go, runs, and who may do what."""

import uuid
from datetime import timedelta
from importlib import import_module

import pytest
from django.apps import apps
from django.contrib.auth.models import Permission
from django.urls import reverse
from django.utils import timezone

from contacts import tasks
from contacts.models import Contact, RetentionPolicy, RetentionRun
from contacts.privacy.retention import counting, kinds, policies
from tests.factories import ContactFactory, FormFactory, UserFactory
from tracking.models import Event, HeldSubmission, Kind

pytestmark = pytest.mark.django_db
PAGE = "/admin/contacts/retentionpolicy/"


@pytest.fixture
def admin(client):
    client.user = UserFactory(is_superuser=True)
    client.force_login(client.user)
    return client


def may(client, *codenames):
    user = UserFactory()
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    client.force_login(user)
    return user


def held(days):
    return HeldSubmission.objects.create(form=FormFactory(), key=uuid.uuid4(), at=timezone.now() - timedelta(days=days))


def shown(response):
    form = response.context["form"]
    return {name: "" if form[name].initial is None else form[name].initial for name in form.fields}


def test_lengths_are_changed_on_one_page_and_who_did_it_is_told(admin):
    values = shown(admin.get(PAGE))
    assert (values["held_spam"], values["anonymous_events"], values["message_bodies"]) == (30, 13, "")

    assert admin.post(PAGE, values | {"held_spam": "", "message_bodies": 24}).status_code == 302

    assert policies.lengths()["held_spam"] is None
    assert list(RetentionPolicy.objects.order_by("kind").values_list("kind", "length", "author")) == [
        ("held_spam", None, admin.user.pk),
        ("message_bodies", 24, admin.user.pk),
    ]
    text = admin.get(PAGE).content.decode()
    assert "Submissions held as spam: for good" in text
    assert "The words of sent mails and SMS: 24 months" in text


@pytest.mark.parametrize("given", ["0", "-3", "601", "soon", "1.5"])
def test_what_makes_no_sense_changes_nothing(admin, given):
    response = admin.post(PAGE, shown(admin.get(PAGE)) | {"held_spam": given, "attempts": 5})

    assert (response.status_code, set(response.context["form"].errors)) == (200, {"held_spam"})
    assert RetentionPolicy.objects.count() == 0


def test_how_much_would_go_is_told_as_far_as_it_is_counted(admin, monkeypatch):
    monkeypatch.setattr(counting, "MOST", 2)
    for days in (40, 41, 5):
        held(days)
    assert due(admin)["held_spam"] == "2"
    held(50)
    assert due(admin)["held_spam"] == "more than 2"
    assert due(admin)["message_bodies"] == "–"  # kept for good

    monkeypatch.setattr(counting, "SECONDS", -1)
    assert due(admin)["held_spam"] == "not counted: it would take too long"


def test_how_much_would_go_is_told_before_a_length_is_saved(admin, monkeypatch):
    for days in (40, 41, 5):
        held(days)
    ContactFactory(created_at=timezone.now() - timedelta(days=2000))

    told = [would_go(admin, "held_spam", length) for length in ("3", "30", "40", "600", "")]
    assert told == ["3", "2", "1", "0", "–"]
    assert would_go(admin, "inactive_contacts", "36") == "1"
    assert (RetentionPolicy.objects.count(), HeldSubmission.objects.count()) == (0, 3)

    monkeypatch.setattr(counting, "SECONDS", -1)
    assert would_go(admin, "held_spam", "3") == "not counted: it would take too long"


@pytest.mark.parametrize(("kind", "length", "status"), [
    ("held_spam", "0", 422), ("held_spam", "soon", 422), ("held_spam", "601", 422), ("nothing", "3", 404), ("", "", 404),
])  # fmt: skip
def test_nothing_is_counted_for_what_makes_no_sense(admin, kind, length, status):
    assert admin.get(f"{PAGE}count/", {"kind": kind, kind: length}).status_code == status


def would_go(client, kind, length):
    return client.get(f"{PAGE}count/", {"kind": kind, kind: length}).json()["due"]


def due(client):
    return {line.kind.key: line.due for line in client.get(PAGE).context["lines"]}


def test_where_nothing_is_due_there_is_nothing_to_press(admin):
    told = admin.get(f"{PAGE}apply/").text

    assert ("Nothing is due." in told, "Let go of it now" in told, "cannot be undone" in told) == (True, False, False)


def test_apply_now_asks_first_and_is_carried_out_by_the_worker(admin):
    held(40)
    assert "Submissions held as spam" in admin.get(f"{PAGE}apply/").content.decode()
    assert (RetentionRun.objects.count(), HeldSubmission.objects.count()) == (0, 1)

    assert admin.post(f"{PAGE}apply/").status_code == 302
    run = RetentionRun.objects.get()
    assert (run.by, run.finished_at) == (admin.user, None)
    assert "under way" in admin.get(PAGE).content.decode()

    tasks.apply_retention()

    run.refresh_from_db()
    assert (run.counts, run.finished_at is None, HeldSubmission.objects.count()) == ({"held_spam": 1}, False, 0)
    assert "Submissions held as spam: 1" in admin.get(PAGE).content.decode()
    tasks.apply_retention()
    assert RetentionRun.objects.count() == 1


def test_where_there_were_contacts_before_nothing_goes_for_a_week_unless_somebody_asks(admin):
    held(40)
    wait = import_module("contacts.migrations.0010_wait_before_the_first_retention").wait
    wait(apps, None)
    assert RetentionRun.objects.count() == 0  # nobody is there yet
    ContactFactory()
    wait(apps, None)
    wait(apps, None)

    tasks.apply_retention()

    run = RetentionRun.objects.get()
    assert (run.started_at > timezone.now() + timedelta(days=6), HeldSubmission.objects.count()) == (True, 1)
    page = admin.get(PAGE)
    assert "Nothing goes by itself before" in page.content.decode()
    assert page.context["runs"] == []

    admin.post(f"{PAGE}apply/")
    tasks.apply_retention()
    assert HeldSubmission.objects.count() == 0
    assert "Nothing goes by itself before" not in admin.get(PAGE).content.decode()


def test_who_may_only_look_changes_nothing_and_begins_nothing(client):
    may(client, "view_retentionpolicy")
    page = client.get(PAGE)

    assert (page.status_code, client.post(PAGE, shown(page) | {"held_spam": 3}).status_code) == (200, 200)
    assert (client.get(f"{PAGE}apply/").status_code, client.post(f"{PAGE}apply/").status_code) == (403, 403)
    assert (RetentionPolicy.objects.count(), RetentionRun.objects.count()) == (0, 0)
    assert 'href="apply/"' not in page.content.decode()


def test_who_has_no_permission_sees_nothing(client):
    may(client, "view_contact", "apply_retention")
    for address in (PAGE, f"{PAGE}count/?kind=held_spam", f"{PAGE}apply/", f"{PAGE}proposed/inactive_contacts/"):
        assert client.get(address).status_code == 403


def test_contacts_who_did_nothing_are_proposed_and_the_page_that_erases_takes_over(admin):
    long_ago = timezone.now() - timedelta(days=2000)
    quiet, busy = ContactFactory(first_name="Quiet", created_at=long_ago), ContactFactory(created_at=long_ago)
    young = ContactFactory()
    Event.objects.create(kind=Kind.EMAIL_SENT, at=timezone.now(), contact=quiet)
    Event.objects.create(kind=Kind.EMAIL_CLICKED, at=timezone.now(), contact=quiet, verdict=3)
    Event.objects.create(kind=Kind.EMAIL_CLICKED, at=timezone.now(), contact=busy)
    address = f"{PAGE}proposed/inactive_contacts/"
    assert admin.get(address).status_code == 404  # nobody has said how long is long

    policies.decide(kinds["inactive_contacts"], 36)
    assert due(admin)["inactive_contacts"] == "1"
    page = admin.get(address)
    assert page.context["contacts"] == [quiet]

    chosen = {"action": "erase_chosen", "index": 0, "select_across": 0, "_selected_action": [quiet.pk]}
    asked = admin.post(reverse("admin:contacts_contact_changelist"), chosen)
    assert (asked.status_code, asked.template_name) == (200, "contacts/privacy/erase.html")
    assert set(Contact.objects.all()) == {quiet, busy, young}

    admin.post(f"{PAGE}apply/")
    tasks.apply_retention()
    assert set(Contact.objects.all()) == {quiet, busy, young}


def test_other_kinds_are_no_proposals(admin):
    for key in ("held_spam", "nothing"):
        assert admin.get(f"{PAGE}proposed/{key}/").status_code == 404


def test_the_page_asks_as_often_however_much_there_is(admin, django_assert_num_queries):
    def ask():
        held(40)
        RetentionRun.objects.create(finished_at=timezone.now(), counts={"held_spam": 1}, by=admin.user)
        RetentionPolicy.objects.create(kind="held_spam", length=30, author=admin.user)

    ask()
    admin.get(PAGE)
    with django_assert_num_queries(45) as first:
        admin.get(PAGE)
    ask()
    ask()
    with django_assert_num_queries(len(first)):
        admin.get(PAGE)
