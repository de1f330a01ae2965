"""Several people are erased in the background, some in one transaction: nothing is lost, nobody is named afterwards."""

import html
import json
from collections import Counter

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.db import connection
from kombu.exceptions import OperationalError

from campaigns.models import Message
from config import pipeline
from contacts import merging, privacy, tagging, tasks
from contacts.models import Contact, DataRequest, ErasedAddress, Erasure, ErasureRun, ToBeErased
from contacts.privacy import several
from tests.crashing import crashing_workers
from tests.factories import ContactFactory, TagFactory, UserFactory
from tests.live import until
from tests.scoring.conftest import download, subject
from tests.threads import at_once
from tracking.models import Event, Kind, Visitor

pytestmark = pytest.mark.django_db
TOGETHER = 64  # statements for those who are erased in one transaction, however many they are


def people(count):
    return [ContactFactory(email=f"person{number}@example.com").pk for number in range(count)]


def stand(run):
    """The run as it is now: state, total, erased, left, failed, gone, left out, percent."""
    run.refresh_from_db()
    now = several.progress(run)
    return (run.state, run.total, run.erased, now.left, now.failed, now.gone, run.left_out, now.percent)


def carry_one():
    return several.carry(seconds=0, at_once=1)


def make_inerasable(pk):
    """Something the product knows nothing of holds on to the contact."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS held_on (contact_id bigint REFERENCES contacts_contact)")
        cursor.execute("INSERT INTO held_on VALUES (%s)", [pk])


def let_go():
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE held_on")


# --- from asking to the end -------------------------------------------------------------------------------------------


def test_asking_erases_nobody_and_carrying_erases_everybody_with_one_record():
    user, kept, ids = UserFactory(), ContactFactory(), people(3)
    run = several.ask(ids, by=user, reason="Letter")
    assert (Contact.objects.count(), stand(run)) == (4, ("going", 3, 0, 3, 0, 0, 0, 0))

    assert carry_one() is True
    assert (Contact.objects.count(), stand(run)) == (3, ("going", 3, 1, 2, 0, 0, 0, 33))
    assert several.carry() is False

    assert stand(run) == ("done", 3, 3, 0, 0, 0, 0, 100)
    assert run.finished_at is not None
    assert list(Contact.objects.all()) == [kept]
    assert list(Erasure.objects.values_list("by", "reason", "people", "counts")) == [
        (user.pk, "Letter", 3, {"contacts.Contact": 3})
    ]
    assert not ToBeErased.objects.exists()
    assert several.carry() is False


def test_an_erasure_does_not_count_that_it_was_waited_for():
    one, other = people(2)
    several.ask([one])
    several.carry()
    privacy.erase(other)

    assert [erasure.counts for erasure in Erasure.objects.all()] == [{"contacts.Contact": 1}] * 2


def test_what_was_asked_for_is_closed_with_the_person():
    ids = people(2)
    DataRequest.objects.create(contact_id=ids[0], kind="erasure")
    several.ask(ids)
    carry_one()

    assert DataRequest.objects.count() == 0


def test_asking_costs_the_same_however_many_they_are(django_assert_num_queries):
    one, three = people(1), [ContactFactory().pk for _number in range(3)]
    for ids in (one, three):
        with django_assert_num_queries(8):
            several.ask(ids)


def test_many_together_cost_as_many_statements_as_one(django_assert_num_queries):
    several.ask(people(1))
    several.carry()
    with django_assert_num_queries(6) as idle:
        several.carry()

    def cost(count):
        several.ask([ContactFactory().pk for _number in range(count)])
        with django_assert_num_queries(len(idle) + TOGETHER):
            several.carry()

    cost(1)
    cost(8)


def browser_of(pk, *abouts):
    """Their browser, in which they have downloaded these."""
    browser = Visitor.objects.create(contact_id=pk)
    for about in abouts:
        download(Contact.objects.get(pk=pk), about, visitor_id=browser.pk)
    return browser.pk


def test_together_each_goes_on_counting_as_one_person():
    one, former, two = people(3)
    guide, prices = subject("guide"), subject("prices")
    browsers = [browser_of(one, guide), browser_of(former, prices), browser_of(two, guide, prices)]
    pipeline.drain()
    merging.merge(one, former)
    several.ask([one, two])
    several.carry()

    seen = dict.fromkeys((guide.pk, prices.pk), frozenset())
    for about, contact, visitor in Event.objects.filter(kind=Kind.ASSET_DOWNLOADED).values_list(
        "subject", "contact", "visitor_id"
    ):
        assert (contact, visitor in browsers) == (None, False)
        seen[about] |= {visitor}
    assert (len(seen[guide.pk]), seen[guide.pk]) == (2, seen[prices.pk])
    assert Erasure.objects.get().people == 2
    assert Erasure.objects.get().counts == {
        "contacts.Contact": 3,
        "contacts.Merge": 1,
        "tracking.Event": 7,  # with that they were made, which is nobody's in particular
        "tracking.Visitor": 3,
    }


def test_what_is_known_of_all_of_them_is_added_up():
    ids = [pk for number in range(3) for pk in people_of_their_own(number)]
    alone = sum((Counter(privacy.count(pk).counts) for pk in ids), Counter())
    several.ask(ids)
    several.carry()

    assert Erasure.objects.get().counts == dict(alone)


def people_of_their_own(number):
    contact = ContactFactory(email=f"person{number}@example.com", first_name="Zoé", last_name=f"N{number}")
    tagging.add([contact.pk], [TagFactory()])
    Message.objects.create(contact=contact, channel="email", recipient=contact.email)
    Message.objects.create(channel="email", recipient="boss@example.com", title=f"New: {contact.email.upper()}")
    LogEntry.objects.create(
        user=UserFactory(), action_flag=2, object_repr="Fair", change_message=json.dumps([f"Zoé N{number} (x)"])
    )
    browser_of(contact.pk, subject(f"guide {number}"))
    pipeline.drain()
    return [contact.pk]


def test_a_name_is_found_in_the_history_however_it_is_written():
    ids = [pk for number in range(2) for pk in people_of_their_own(number)]
    ContactFactory(first_name="Zoé", last_name="N")
    LogEntry.objects.create(user=UserFactory(), action_flag=2, object_repr="Zoé N (of another)")
    several.ask(ids)
    several.carry()

    assert sorted(LogEntry.objects.values_list("object_repr", "change_message")) == [
        ("", ""),
        ("", ""),
        ("Zoé N (of another)", ""),
    ]
    assert not Message.objects.exclude(title="", recipient="").exists()


@pytest.mark.parametrize("email", ["a.b+c@example.com", "o'neil@example.com", "a|b@example.com", "x{y}@example.com"])
def test_an_address_is_found_as_it_is_written_and_no_other(email):
    contact = ContactFactory(email=email)
    Message.objects.create(channel="email", recipient="boss@example.com", text=f"New: {email.upper()}")
    Message.objects.create(channel="email", recipient="boss@example.com", html=f"<b>{html.escape(email)}</b>")
    Message.objects.create(
        channel="email", recipient="boss@example.com", text="New: aXb+c@example.com, a, x, b@example"
    )
    privacy.erase(contact.pk)

    assert sorted(Message.objects.values_list("text", "html")) == [
        ("", ""),
        ("", ""),
        ("New: aXb+c@example.com, a, x, b@example", ""),
    ]


# --- what happens meanwhile -------------------------------------------------------------------------------------------


def test_two_of_them_who_become_one_are_erased_once():
    one, two, three = people(3)
    run = several.ask([one, two, three])
    merging.merge(two, one)
    several.carry()

    assert stand(run) == ("done", 3, 2, 0, 0, 1, 0, 100)
    assert (Contact.objects.count(), Erasure.objects.get().people) == (0, 2)


def test_who_became_somebody_else_is_erased_as_the_one_person_they_are():
    one, other, kept = people(3)
    several.ask([one])
    merging.merge(other, one)
    several.carry()

    assert list(Contact.objects.values_list("pk", flat=True)) == [kept]


def test_a_merge_that_is_undone_meanwhile_leaves_the_other_one_alone():
    one, other = people(2)
    run = several.ask([one])
    merging.undo(merging.merge(other, one))
    several.carry()

    assert list(Contact.objects.values_list("pk", flat=True)) == [other]
    assert stand(run) == ("done", 1, 1, 0, 0, 0, 0, 100)


def test_who_was_erased_or_deleted_meanwhile_is_gone_already():
    one, two, three = people(3)
    run = several.ask([one, two, three])
    privacy.erase(one)
    Contact.objects.get(pk=two).delete()
    assert stand(run) == ("going", 3, 0, 1, 0, 2, 0, 66)
    several.carry()

    assert stand(run) == ("done", 3, 1, 0, 0, 2, 0, 100)


def test_a_run_whose_people_are_all_gone_comes_to_its_end():
    (one,) = people(1)
    run = several.ask([one])
    privacy.erase(one)
    several.carry()

    assert stand(run) == ("done", 1, 0, 0, 0, 1, 0, 100)


def test_who_waits_already_is_not_asked_for_twice():
    one, two, three = people(3)
    first = several.ask([one, two])
    assert several.ask([two, one]) is None
    assert several.asked_before([two]) == first
    assert several.asked_before([three]) is None
    second = several.ask([two, three])
    assert (first.total, second.total) == (2, 1)
    several.carry()

    assert (stand(first)[:3], stand(second)[:3]) == (("done", 2, 2), ("done", 1, 1))
    assert several.ask([one, two, three]) is None
    assert ErasureRun.objects.count() == 2


def test_few_need_not_wait_for_many():
    many, few = people(3), [ContactFactory().pk]
    first, second = several.ask(many), several.ask(few)
    carry_one()

    assert (stand(first)[2], stand(second)[0]) == (0, "done")


def test_stopping_leaves_the_others_and_forgets_who_they_were():
    run = several.ask(people(3))
    carry_one()
    assert several.stop(run) is True

    assert stand(run) == ("stopped", 3, 1, 0, 0, 0, 2, 33)
    assert several.carry() is False
    assert (Contact.objects.count(), ToBeErased.objects.count()) == (2, 0)
    assert several.stop(run) is False
    assert several.ask(list(Contact.objects.values_list("pk", flat=True))).total == 2


def test_who_cannot_be_erased_is_told_and_the_others_go_on():
    one, two, three = people(3)  # in one transaction, first
    make_inerasable(two)
    run = several.ask([one, two, three])
    assert several.carry() is False

    assert stand(run) == ("done", 3, 2, 0, 1, 0, 0, 100)
    assert list(Contact.objects.values_list("pk", flat=True)) == [two]
    assert ToBeErased.objects.get().error.startswith("IntegrityError: ")
    assert several.try_again(run) is True
    assert stand(run)[0] == "going"
    several.carry()
    assert stand(run) == ("done", 3, 2, 0, 1, 0, 0, 100)
    let_go()
    several.try_again(run)
    several.carry()

    assert stand(run) == ("done", 3, 3, 0, 0, 0, 0, 100)
    assert several.try_again(run) is False


def test_the_worker_rings_for_the_next_stretch_itself(monkeypatch):
    rung = []
    monkeypatch.setattr("contacts.tasks.carry_erasures.delay", lambda: rung.append(1))
    monkeypatch.setattr("contacts.tasks.STEPS", 0)
    several.ask(people(several.FIRST + 2))
    for _time in range(3):
        tasks.carry_erasures()

    assert (len(rung), Contact.objects.count()) == (2, 0)


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_erase_each_person_once():
    run = several.ask(people(12))
    at_once(lambda _number: several.carry(), times=3)
    several.carry()

    assert stand(run) == ("done", 12, 12, 0, 0, 0, 0, 100)
    assert (Contact.objects.count(), Erasure.objects.get().people) == (0, 12)


@pytest.mark.django_db(transaction=True)
def test_asked_for_twice_at_the_same_moment_they_wait_once():
    ids = people(20)
    runs = at_once(lambda number: several.ask(ids[::-1] if number else ids), times=2)

    (run,) = [run for run in runs if run]
    assert (run.total, ToBeErased.objects.count(), ErasureRun.objects.count()) == (20, 20, 1)


@pytest.mark.django_db(transaction=True)
def test_stopping_while_a_worker_is_at_it():
    run = several.ask(people(20))
    at_once(lambda number: several.stop(run) if number else several.carry(), times=2)

    state, total, erased, left, failed, gone, left_out, _percent = stand(run)
    assert (state, left, failed, gone) == ("stopped", 0, 0, 0)
    assert erased + left_out == total == 20
    assert Contact.objects.count() == left_out > 0


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_workers_killed_at_random_moments_erase_everybody_once():
    ids, kept = people(60), ContactFactory()
    run = several.ask(ids, reason="Letter")
    with crashing_workers("erasures") as kills:
        until(lambda: stand(run)[0] == "done", seconds=240)

    assert min(kills) >= 5
    assert stand(run) == ("done", 60, 60, 0, 0, 0, 0, 100)
    assert list(Contact.objects.all()) == [kept]
    assert (Erasure.objects.get().people, ErasedAddress.objects.count()) == (60, 60)
    assert not ToBeErased.objects.exists()


# --- the pages --------------------------------------------------------------------------------------------------------

CONTACTS = "/admin/contacts/contact/"


@pytest.fixture
def admin(client):
    client.user = UserFactory(is_superuser=True, username="manon")
    client.force_login(client.user)
    return client


def typed(admin, ids, number, **more):
    sent = {"people": ",".join(map(str, ids)), "typed": number}
    return admin.post(f"{CONTACTS}erase/", sent | more)


def test_what_was_typed_leads_to_the_page_that_shows_how_far_it_is(admin):
    ids = people(3)
    assert typed(admin, ids, "4").status_code == 200
    assert ErasureRun.objects.count() == 0
    answer = typed(admin, ids, "3", reason="Letter")
    run = ErasureRun.objects.get()
    assert answer.url == run.get_absolute_url() == f"/admin/contacts/erasurerun/{run.pk}/change/"
    assert (Contact.objects.count(), run.by, run.reason) == (3, admin.user, "Letter")

    page = admin.get(answer.url).text
    assert "0 of 3 people erased, 3 are left." in page
    assert "manon" in page
    assert "Letter" in page
    tasks.carry_erasures()
    status = admin.get(f"/admin/contacts/erasurerun/{run.pk}/status/").json()
    assert status == {"going": False, "percent": 100, "sentence": "3 of 3 people erased."}
    assert "data-progress" not in admin.get(answer.url).text
    assert "3 of 3 people erased" in admin.get("/admin/contacts/erasure/").text
    record = f"/admin/contacts/erasure/{Erasure.objects.get().pk}/change/"
    assert record in admin.get(answer.url).text
    assert "Contacts, with all who were merged into them: 3" in admin.get(record).text
    assert "Letter" in admin.get("/admin/contacts/erasurerun/").text
    assert "3 people are to be erased." in admin.get(f"/admin/contacts/erasurerun/{run.pk}/history/").text


def test_the_number_may_be_typed_as_it_is_written(admin):
    ids = [contact.pk for contact in Contact.objects.bulk_create(Contact(first_name="A") for _n in range(1100))]
    page = typed(admin, ids, "1.1").text
    assert "Type the number of contacts, 1100, to go on" in page
    assert "and 1000 more" in page

    assert typed(admin, ids, "1 100").status_code == 302
    assert ErasureRun.objects.get().total == 1100


def test_all_that_a_list_shows_are_asked_for_by_their_numbers(admin):
    """Who comes into the list while somebody types is not erased with them."""
    ids = people(2)
    everybody = {"action": "erase_chosen", "select_across": "1", "_selected_action": [ids[0]]}
    page = admin.post(CONTACTS, everybody).text

    assert f'name="people" value="{ids[0]},{ids[1]}"' in page


def test_more_than_the_limit_is_told_in_words(admin, monkeypatch):
    monkeypatch.setattr(several, "MOST", 2)
    ids = people(3)
    answer = admin.post(CONTACTS, {"action": "erase_chosen", "_selected_action": ids}, follow=True)
    assert "At most 2 people can be erased at once." in answer.text
    assert typed(admin, ids, "3").url == CONTACTS
    assert ErasureRun.objects.count() == 0


def test_pressed_twice_it_leads_to_the_same_page(admin):
    ids = people(2)
    first, second = typed(admin, ids, "2"), typed(admin, ids, "2")
    assert first.url == second.url
    assert "They wait to be erased already" in admin.get(second.url).text
    tasks.carry_erasures()

    assert typed(admin, ids, "2").url == CONTACTS
    assert ErasureRun.objects.count() == 1


@pytest.mark.parametrize("sent", ["", ",", "x", "99999999999999999999", "-1", "1;2"])
def test_nobody_chosen_is_told(admin, sent):
    answer = admin.post(f"{CONTACTS}erase/", {"people": sent, "typed": "1"})

    assert answer.url == CONTACTS
    assert "Nobody was chosen, or they are gone." in admin.get(CONTACTS).text


def test_it_is_asked_for_though_the_broker_is_away(admin, monkeypatch):
    def away():
        raise OperationalError

    monkeypatch.setattr("contacts.admin.privacy.carry_erasures.delay", away)
    assert typed(admin, people(2), "2").status_code == 302
    monkeypatch.undo()
    tasks.carry_erasures()

    assert Contact.objects.count() == 0


def test_stopping_and_leaving_those_who_failed_is_noted(admin):
    ids = people(3)
    make_inerasable(ids[0])
    address = typed(admin, ids, "3").url
    carry_one()
    page = admin.get(address).text
    assert "1 person could not be erased" in page
    assert "person0@example.com" in page
    admin.post(address, {"again": "1"})
    assert "Stopped. Nobody else is erased." in admin.post(address, {"stop": "1"}, follow=True).text

    assert (ToBeErased.objects.count(), Contact.objects.count()) == (0, 3)
    assert "3 people, because it was stopped" in admin.get(address).text
    assert "There was nothing left to stop." in admin.post(address, {"stop": "1"}, follow=True).text
    history = admin.get(address.replace("change", "history")).text
    assert [history.count(said) for said in ("Stopped.", "Tried again.")] == [1, 1]
    assert LogEntry.objects.values("user").distinct().count() == 1


@pytest.mark.parametrize("rights", [[], ["view_contact"], ["erase_person"], ["view_contact", "view_erasurerun"]])
def test_only_those_who_may_erase_see_how_far_it_is(client, rights):
    run = several.ask(people(2))
    user = UserFactory()
    user.user_permissions.set(Permission.objects.filter(codename__in=[*rights, "view_erasure"]))
    client.force_login(user)
    address = f"/admin/contacts/erasurerun/{run.pk}"
    found = [client.get(f"{address}/{page}/").status_code for page in ("change", "status", "history")]
    found += [client.post(f"{address}/change/", {"stop": "1"}).status_code]
    found += [client.get("/admin/contacts/erasurerun/").status_code]
    found += [typed(client, people_of(run), "2").status_code]

    assert found == [403] * 6
    assert "erasurerun" not in client.get("/admin/contacts/erasure/").text
    assert stand(run)[:4] == ("going", 2, 0, 2)


def people_of(run):
    return list(run.waiting.values_list("contact", flat=True))


def test_the_right_to_erase_is_enough(client):
    run = several.ask(people(2))
    user = UserFactory()
    user.user_permissions.set(Permission.objects.filter(codename__in=["view_contact", "erase_person"]))
    client.force_login(user)
    assert client.get(run.get_absolute_url()).status_code == 200
    assert client.post(run.get_absolute_url(), {"stop": "1"}).status_code == 302

    assert stand(run)[0] == "stopped"


@pytest.mark.parametrize("address", ["0", "x", "99999999999999999999", "²"])
def test_a_run_that_is_not_there(admin, address):
    assert admin.get(f"/admin/contacts/erasurerun/{address}/change/").status_code == 404


def test_the_page_asks_as_often_however_many_failed(admin, django_assert_num_queries):
    def shown(count):
        ids = [ContactFactory().pk for _number in range(count)]
        for pk in ids:
            make_inerasable(pk)
        run = several.ask(ids)
        several.carry()
        return run.get_absolute_url()

    one, three = shown(1), shown(3)
    admin.get(one)
    with django_assert_num_queries(5):
        admin.get(one)
    with django_assert_num_queries(5):
        admin.get(three)
