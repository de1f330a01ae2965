"""What a person marks as a machine: previewed, carried out on the past, taken back; and what had been done for it."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import Permission
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from campaigns import triggers, unearned
from campaigns.models import Delivery, Firing
from config import pipeline
from scoring import machines, reconciliation
from scoring.explain.almost import almost
from scoring.models import ContactScore, Repeat, Sweep
from tests.factories import ContactFactory, LinkFactory, TriggerActionFactory, TriggerFactory, UserFactory
from tests.scoring.conftest import happen
from tests.threads import or_error, together
from tests.tracking.sequences import CHROME, FIREFOX, HOME, OFFICE
from tracking import timeline
from tracking.models import Agent, Event, Kind, Mark, Network, Verdict
from tracking.verdicts import hidden_link

pytestmark = pytest.mark.django_db
AT = datetime(2026, 3, 2, 9, tzinfo=UTC)


def click(contact, minutes=0, network=OFFICE, agent=CHROME, link=None, message_id=None):
    at = AT + timedelta(minutes=minutes)
    about = link or LinkFactory().subject
    happen(contact, Kind.EMAIL_CLICKED, about, at, ip=network, user_agent=agent, message_id=message_id or contact.pk)


def scores():
    pipeline.drain()
    assert [finding for _, found in reconciliation.findings() for finding in found] == []
    return {row.contact_id: row.score for row in ContactScore.objects.filter(group=None)}


@pytest.fixture
def people(publish):
    """Anne clicks three times from the office and once from home; Bob once from the office; Carl from home."""
    publish(10, source="email_clicked", repeat=Repeat.ALWAYS)
    anne, bob, carl = ContactFactory(), ContactFactory(), ContactFactory()
    for minutes in (0, 5, 10):
        click(anne, minutes)
    click(anne, 20, HOME, FIREFOX)
    click(bob, 1)
    click(carl, 2, HOME, FIREFOX)
    pipeline.drain()
    return anne, bob, carl


def test_a_network_marked_for_the_past_takes_its_points_and_gives_them_back_when_the_mark_goes(people):
    anne, bob, carl = people
    assert scores() == {anne.pk: 40, bob.pk: 10, carl.pk: 10}

    mark = machines.mark(Mark(network="198.51.100.0/24"))
    assert scores() == {anne.pk: 10, bob.pk: 0, carl.pk: 10}
    click(bob, 30)
    click(bob, 31, HOME)
    assert scores() == {anne.pk: 10, bob.pk: 10, carl.pk: 10}

    assert machines.take_back(mark)
    assert not machines.take_back(mark)
    assert scores() == {anne.pk: 40, bob.pk: 30, carl.pk: 10}


def test_a_mark_from_now_on_leaves_the_past_alone(people):
    anne, bob, carl = people
    machines.mark(Mark(network="198.51.100.0/24", scope=Mark.Scope.FROM_NOW))
    click(bob, 30)
    assert scores() == {anne.pk: 40, bob.pk: 20, carl.pk: 10}
    happen(bob, Kind.EMAIL_CLICKED, LinkFactory().subject, ip=OFFICE, user_agent=CHROME)  # now
    assert scores()[bob.pk] == 20


@pytest.mark.parametrize(
    ("case", "marks", "due"),
    [
        ("a program", [("agent", True)], (30, 10, 0)),
        ("a contact", [("contact", True)], (0, 10, 10)),
        ("a contact is a person in a network of machines", [("network", True), ("contact", False)], (40, 0, 10)),
        ("a network of people outranks its programs", [("agent", True), ("home", False)], (40, 10, 10)),
        ("the narrowest network counts", [("wide", True), ("network", False)], (40, 10, 10)),
    ],
)
def test_of_several_marks_the_nearest_counts(people, case, marks, due):
    anne, _, _ = people
    targets = {
        "agent": {"agent": Agent.objects.get(text=FIREFOX)},
        "contact": {"contact": anne},
        "network": {"network": "198.51.100.0/24"},
        "wide": {"network": "198.51.0.0/16"},
        "home": {"network": "203.0.113.0/24"},
    }
    for what, is_machine in marks:
        machines.mark(Mark(is_machine=is_machine, **targets[what]))
    assert tuple(scores()[person.pk] for person in people) == due


def test_people_can_be_marked_whom_we_took_for_machines(publish):
    publish(10, source="email_clicked", repeat=Repeat.ALWAYS)
    anne = ContactFactory()
    click(anne, agent="curl/8.14.1")
    assert scores() == {anne.pk: 0}
    machines.mark(Mark(is_machine=False, contact=anne))
    assert scores() == {anne.pk: 10}
    assert Event.objects.get(kind=Kind.EMAIL_CLICKED).verdict == Verdict.HUMAN


def test_the_preview_tells_what_marking_does_and_leaves_no_trace(people):
    anne, bob, _ = people
    before = scores()
    mark = Mark(network="198.51.100.0/24")
    with machines.supposed(mark) as preview:
        pass
    assert (preview.events, preview.contacts, preview.dropped, preview.gained) == (4, 2, 4, 0)
    assert [(move.contact_id, move.before, move.after) for move in preview.moves] == [
        (anne.pk, 40, 10),
        (bob.pk, 10, 0),
    ]
    assert (scores(), Mark.objects.count(), Sweep.objects.count()) == (before, 0, 0)

    machines.mark(mark)
    assert scores() == before | {move.contact_id: move.after for move in preview.moves}


def test_what_was_done_for_machines_is_listed_and_nothing_is_done_by_the_walk(publish):
    publish(10, source="email_clicked", repeat=Repeat.ALWAYS)
    trigger = TriggerFactory(threshold=20)
    TriggerActionFactory(trigger=trigger, type="add_points", params={})
    triggers.switch_on(trigger, "mark")
    again = TriggerFactory(threshold=20, direction="falling")
    TriggerActionFactory(trigger=again, type="add_points", params={})
    triggers.switch_on(again, "mark")
    anne, bob = ContactFactory(), ContactFactory()
    for minutes in (0, 5, 10):
        click(anne, minutes)
        click(bob, minutes, HOME)
    pipeline.drain()
    fired = Firing.objects.filter(trigger=trigger, state="fired")
    assert set(fired.values_list("contact", flat=True)) == {anne.pk, bob.pk}
    with machines.supposed(Mark(network="198.51.100.0/24")) as preview:
        [told] = unearned.unearned(preview.looked_at)
    assert (told.firing.contact, told.threshold, told.score) == (anne, 20, 0)

    machines.mark(Mark(network="198.51.100.0/24"))
    scores()
    [found] = unearned.unearned([anne.pk, bob.pk])
    assert (found.firing, found.score) == (fired.get(contact=anne), 0)
    assert Firing.objects.filter(trigger=again).values_list("contact", "state").get() == (anne.pk, "held")
    assert Delivery.objects.filter(firing__trigger=again).count() == 0


def test_a_walk_that_is_owed_and_new_hits_meet(people):
    """Whom something happens to before the walk comes is brought up to date first."""
    anne, bob, carl = people
    machines.mark(Mark(network="198.51.100.0/24"))
    click(anne, 40)
    click(anne, 41, HOME)
    pipeline._take_hits(pipeline.inbox.waiting(10))
    assert ContactScore.objects.get(contact=anne, group=None).score == 20
    assert scores() == {anne.pk: 20, bob.pk: 0, carl.pk: 10}


@pytest.mark.parametrize("target", ["network", "agent", "contact"])
def test_the_same_thing_is_marked_once_at_a_time(people, target):
    what = {
        "network": {"network": "10.0.0.0/8"},
        "agent": {"agent": Agent.objects.first()},
        "contact": {"contact": people[0]},
    }[target]
    mark = machines.mark(Mark(**what))
    with pytest.raises(IntegrityError), transaction.atomic():
        machines.mark(Mark(is_machine=False, **what))
    machines.take_back(mark)
    machines.mark(Mark(**what))
    assert Mark.objects.filter(undone_at=None).count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_workers_that_see_a_program_and_network_first_make_one_row_of_each():
    anne, bob = ContactFactory(), ContactFactory()
    for contact in (anne, bob):
        click(contact)
    ids = pipeline.inbox.waiting(10)
    pipeline._make_room(ids, 10)

    def take(hit_id):
        pipeline._take_hits([hit_id])
        connection.close()

    together(*[lambda pk=pk: take(pk) for pk in ids])
    assert (Agent.objects.count(), Network.objects.count(), Event.objects.filter(verdict=0).count()) == (1, 1, 2)


@pytest.mark.django_db(transaction=True)
def test_two_people_who_mark_the_same_network_at_once_make_one_mark():
    def mark():
        return machines.mark(Mark(network="198.51.100.0/24"))

    made = together(or_error(mark), or_error(mark))
    assert sorted(type(result).__name__ for result in made) == ["IntegrityError", "Mark"]
    assert Mark.objects.count() == 1


# --- what a person sees -------------------------------------------------------------------------------------------------


def test_the_timeline_and_the_explanation_say_who_it_was_and_why(publish):
    publish(10, source="email_clicked", repeat=Repeat.ALWAYS)
    anne, link = ContactFactory(), LinkFactory()
    click(anne, 0, link=link.subject, message_id=7)
    click(anne, 0.01, link=LinkFactory(source=link.source, url="https://shop.example/2").subject, message_id=7)
    pipeline.drain()

    told = [line.verdict for line in timeline.page(anne).lines if line.kind == Kind.EMAIL_CLICKED]
    assert told == ["A machine, not counted: several links were clicked within a second"] * 2
    whys = {missed.why for missed in almost(anne).missed}
    assert whys == {"a program did it, not a person: several links were clicked within a second"}


@pytest.fixture
def camille(client):
    client.force_login(UserFactory(is_superuser=True))
    return client


def test_marking_goes_through_the_preview(camille, people):
    _, bob, _ = people
    add = reverse("admin:tracking_mark_add")
    asked = {"is_machine": "True", "network": "198.51.100.7", "scope": "past", "note": "our scanner"}
    shown = camille.post(add, asked)
    assert shown.status_code == 200
    assert "198.51.100.0/24" in shown.content.decode()
    assert (Mark.objects.count(), shown.context["preview"].dropped) == (0, 4)

    done = camille.post(add, {**asked, "_confirmed": "1"}, follow=True)
    assert done.status_code == 200
    mark = Mark.objects.get()
    assert (mark.network, mark.note, mark.author.is_superuser) == ("198.51.100.0/24", "our scanner", True)
    assert scores()[bob.pk] == 0
    page = camille.get(reverse("admin:tracking_mark_change", args=[mark.pk]))
    assert "None: every action" in page.content.decode()

    wider = camille.post(add, {**asked, "network": "198.51.0.0/16"}).content.decode()
    assert "None of it counts now" in wider
    assert "None of it counts now" not in shown.content.decode()

    take_back = reverse("admin:tracking_mark_take_back", args=[mark.pk])
    assert take_back in page.content.decode()
    assert camille.get(take_back).status_code == 405
    camille.post(take_back)
    assert scores()[bob.pk] == 10


def test_the_button_says_that_it_previews(camille):
    page = camille.get(reverse("admin:tracking_mark_add")).text
    names = re.findall(r'<button[^>]*name="(_[^"]+)"', page)
    assert (names, "Preview what it changes" in page) == (["_preview"], True)


def test_one_marks_as_machine_everywhere(camille):
    listed, add = camille.get(reverse("admin:tracking_mark_changelist")).text, reverse("admin:tracking_mark_add")
    asked = {"is_machine": "True", "network": "198.51.100.0/24", "scope": "from_now"}

    assert ("Mark as machine" in listed, "Add mark" in listed) == (True, False)
    assert re.search(r"<title>\s*Mark as machine \|", camille.get(add).text)
    assert "Mark as machine</button>" in camille.post(add, asked).text
    assert "Mark as people</button>" in camille.post(add, asked | {"is_machine": "False"}).text


def test_the_preview_looks_through_the_events_of_a_network_once(people):
    with CaptureQueriesContext(connection) as asked, machines.supposed(Mark(network="198.51.100.0/24")) as preview:
        pass
    assert sum("UNION ALL" in query["sql"] and "nullif(m.network" in query["sql"] for query in asked) == 1
    assert (preview.events, preview.contacts, len(preview.looked_at)) == (4, 2, 2)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({}, "Mark one thing"),
        ({"network": "nonsense"}, "This is no network"),
        ({"network": "10.0.0.0/8", "contact": "first"}, "Mark one thing"),
        ({"network": "198.51.100.0/24"}, "This is marked already"),
    ],
)
def test_what_cannot_be_marked_is_said(camille, people, given, sentence):
    machines.mark(Mark(network="198.51.100.0/24"))
    if "contact" in given:
        given = given | {"contact": people[0].pk}
    shown = camille.post(reverse("admin:tracking_mark_add"), {"is_machine": "True", "scope": "past", **given})
    assert sentence in shown.content.decode()
    assert Mark.objects.count() == 1


def test_networks_that_follow_the_hidden_link_are_pointed_out_until_they_are_marked(camille, people):
    from tracking.models import Subject

    about = Subject.objects.get(pk=hidden_link.subject_id())
    happen(people[0], Kind.EMAIL_CLICKED, about, ip="100.20.30.0", user_agent=CHROME, message_id=99)
    pipeline.drain()
    page = reverse("admin:tracking_mark_changelist")
    assert [row["network"] for row in camille.get(page).context["suspects"]] == ["100.20.30.0/24"]
    machines.mark(Mark(network="100.20.30.0/24"))
    assert camille.get(page).context["suspects"] == []


def test_an_event_leads_to_where_its_network_and_program_can_be_marked(camille, people):
    event = Event.objects.filter(kind=Kind.EMAIL_CLICKED).first()
    page = camille.get(reverse("admin:tracking_event_change", args=[event.pk])).content.decode()
    assert "/tracking/mark/add/?network=198.51.100.0%2F24" in page
    assert camille.get(reverse("admin:tracking_agent_changelist")).status_code == 200


def test_who_may_only_look_marks_nothing(client, people):
    client.force_login(UserFactory())
    assert client.get(reverse("admin:tracking_mark_changelist")).status_code == 403
    assert client.post(reverse("admin:tracking_mark_add"), {"network": "10.0.0.0/8"}).status_code == 403
    mark = machines.mark(Mark(network="10.0.0.0/8"))
    assert client.post(reverse("admin:tracking_mark_take_back", args=[mark.pk])).status_code == 403
    assert Mark.objects.get().undone_at is None


@pytest.mark.parametrize(("rights", "is_link"), [(["view_mark"], False), (["view_mark", "view_user"], True)])
def test_the_author_of_a_mark_is_a_link_for_whoever_may_follow_it(client, rights, is_link):
    author = UserFactory(username="manon")
    mark = Mark.objects.create(network="198.51.100.0/24", is_machine=True, author=author)
    user = UserFactory()
    user.user_permissions.set(Permission.objects.filter(codename__in=rights))
    client.force_login(user)

    page = client.get(reverse("admin:tracking_mark_change", args=[mark.pk])).text

    assert "manon" in page
    assert (reverse("admin:auth_user_change", args=[author.pk]) in page) is is_link
