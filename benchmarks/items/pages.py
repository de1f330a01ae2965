"""Pages of the admin as a superuser gets them, against the rows they show."""

from __future__ import annotations

from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse

from benchmarks.benchmark import Benchmark
from benchmarks.figures import Goal
from contacts import columns
from contacts.models import Contact
from contacts.sql import tuples

QUICK = Goal(300, "most")
BUSY = 200  # events of the contact whose page is shown, so that it is the same page in a small and in a large database


class Page(Benchmark):
    """A page by its address, without the browser."""

    goal = QUICK
    rounds = 9
    rows: str  # the bare SQL

    def address(self) -> str:
        raise NotImplementedError

    def set_up(self) -> None:
        user, _ = get_user_model().objects.get_or_create(username="bench", is_staff=True, is_superuser=True)
        self.client = Client(SERVER_NAME="localhost")  # no other host is answered
        self.client.force_login(user)
        self.url = self.address()

    def run(self) -> None:
        response = self.client.get(self.url)
        if response.status_code != 200:
            raise RuntimeError(f"{self.url} answers {response.status_code}")

    def floor(self) -> None:
        tuples(self.rows, self.values())

    def values(self) -> dict[str, object]:
        return {}


class Leaderboards(Page):
    name = "leaderboard page"
    rows = """
    (SELECT c.*, s.score FROM scoring_contactscore s JOIN contacts_contact c ON c.id = s.contact_id
     WHERE s.group_id IS NULL ORDER BY s.score DESC LIMIT 20)
    UNION ALL
    (SELECT c.*, s.score FROM scoring_contactscore s JOIN contacts_contact c ON c.id = s.contact_id
     WHERE s.group_id = (SELECT min(id) FROM scoring_pointgroup) ORDER BY s.score DESC LIMIT 20)
    UNION ALL
    (SELECT c.*, s.score FROM scoring_contactscore s JOIN contacts_contact c ON c.id = s.contact_id
     WHERE s.group_id IS NULL AND c.country = 'FR' ORDER BY s.score DESC LIMIT 20)
    """

    def address(self) -> str:
        return reverse("admin:scoring_leaderboard_board")


class ContactList(Page):
    name = "contact list page"
    rows = """
    SELECT c.*, s.score FROM contacts_contact c
    LEFT JOIN scoring_contactscore s ON s.contact_id = c.id AND s.group_id IS NULL
    WHERE c.merged_into_id IS NULL ORDER BY c.id DESC LIMIT 100
    """

    def address(self) -> str:
        return reverse("admin:contacts_contact_changelist")


class ContactListByScore(ContactList):
    name = "contact list page, highest score first"
    rows = """
    SELECT c.*, s.score FROM scoring_contactscore s JOIN contacts_contact c ON c.id = s.contact_id
    WHERE s.group_id IS NULL AND c.merged_into_id IS NULL ORDER BY s.score DESC LIMIT 100
    """

    def address(self) -> str:
        place = [column.key for column in columns.in_order()].index("overall_score")
        return f"{super().address()}?o={place + 5}"  # after who, company, stage, tags; a score's first click: highest first


class ContactSearch(ContactList):
    name = "contact list page, search for a name"
    rows = """
    SELECT c.*, s.score FROM contacts_contact c
    LEFT JOIN scoring_contactscore s ON s.contact_id = c.id AND s.group_id IS NULL
    WHERE lower(coalesce(c.email, '') || ' ' || c.first_name || ' ' || c.last_name || ' ' || c.phone) LIKE %(pattern)s
    ORDER BY c.id DESC LIMIT 100
    """

    def address(self) -> str:
        self.word = Contact.objects.get(pk=self.plan.busy_with(BUSY)).last_name.lower()
        return f"{super().address()}?q={self.word}"

    def values(self) -> dict[str, object]:
        return {"pattern": f"%{self.word}%"}


class ContactPage(Page):
    name = "contact page"
    rows = """
    SELECT (SELECT to_jsonb(c) FROM contacts_contact c WHERE id = %(contact)s),
      (SELECT jsonb_agg(s) FROM scoring_contactscore s WHERE contact_id = %(contact)s),
      (SELECT jsonb_agg(p) FROM scoring_pointentry p WHERE contact_id = %(contact)s),
      (SELECT jsonb_agg(e) FROM (SELECT * FROM tracking_event WHERE contact_id = %(contact)s ORDER BY at DESC LIMIT 50) e)
    """

    def address(self) -> str:
        self.contact = self.plan.busy_with(BUSY)
        return reverse("admin:contacts_contact_overview", args=[self.contact])

    def values(self) -> dict[str, object]:
        return {"contact": self.contact}
