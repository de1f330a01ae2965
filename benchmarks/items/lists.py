"""Lists that ask a million contacts for more than their newest: sorted, narrowed and searched, and the record's own."""

from __future__ import annotations

from django.urls import reverse
from django.utils import timezone

from benchmarks.items.pages import ContactList, Page
from config.load.sql import vacuum
from contacts import columns
from contacts.sql import execute
from scoring.models import PointGroup

DEEP = 50  # pages
HALF_LIVES = (30, 90)
FADE = """
UPDATE scoring_contactscore s SET forward = lines.forward FROM (
  SELECT p.contact_id, v.group_id,
    sum((p.credited * v.worth - p.cut) * power(2::float8, (p.first_at::date - g.epoch)::float8 / g.half_life_days)) AS forward
  FROM scoring_pointentry p JOIN scoring_pointactionversion v ON v.id = p.version_id
  JOIN scoring_pointgroup g ON g.id = v.group_id
  WHERE g.half_life_days IS NOT NULL GROUP BY 1, 2
) lines WHERE lines.contact_id = s.contact_id AND lines.group_id = s.group_id
"""
KEEP = """
UPDATE scoring_contactscore o SET score = o.score - faded.score FROM (
  SELECT s.contact_id, sum(s.score * g.weight) AS score FROM scoring_contactscore s JOIN scoring_pointgroup g ON g.id = s.group_id
  WHERE g.half_life_days IS NOT NULL GROUP BY 1
) faded WHERE o.group_id IS NULL AND o.contact_id = faded.contact_id
"""


def by_score(page: int = 1) -> str:
    """The part of the address that sorts by the overall score, highest first."""
    place = [column.key for column in columns.in_order()].index("overall_score")
    return f"o={place + 5}&p={page}"  # after who, company, stage, tags


class ContactListByCompany(ContactList):
    name = "contact list page, by company"
    rows = """
    SELECT c.* FROM contacts_company o JOIN contacts_contact c ON c.company_id = o.id
    WHERE c.merged_into_id IS NULL ORDER BY lower(o.name), c.id DESC LIMIT 50
    """

    def address(self) -> str:
        return f"{super().address()}?o=2"


class ContactListBetween(ContactList):
    name = "contact list page, scores of 50 to 60, highest first"
    rows = """
    SELECT c.*, s.score FROM scoring_contactscore s JOIN contacts_contact c ON c.id = s.contact_id
    WHERE s.group_id IS NULL AND s.score BETWEEN 50 AND 60 AND c.merged_into_id IS NULL ORDER BY s.score DESC LIMIT 50
    """

    def address(self) -> str:
        return f"{super().address()}?overall_score_from=50&overall_score_to=60&{by_score()}"


class CommonSearch(ContactList):
    name = "contact list page, search for what all have"
    rows = """
    SELECT * FROM contacts_contact
    WHERE lower(coalesce(email, '') || ' ' || first_name || ' ' || last_name || ' ' || phone) LIKE '%%example.com%%'
    ORDER BY id DESC LIMIT 50
    """

    def address(self) -> str:
        return f"{super().address()}?q=example.com"


class EventList(Page):
    name = "list of events"
    rows = "SELECT * FROM tracking_event ORDER BY id DESC LIMIT 50"

    def address(self) -> str:
        return reverse("admin:tracking_event_changelist")


class EntryList(Page):
    name = "list of point entries"
    rows = "SELECT * FROM scoring_pointentry ORDER BY contact_id DESC LIMIT 50"

    def address(self) -> str:
        return reverse("admin:scoring_pointentry_changelist")


class Faded(ContactList):
    """The overall score where two groups fade at different speeds: a sum that no index has in order."""

    rows = """
    SELECT c.*, s.score FROM scoring_contactscore s JOIN contacts_contact c ON c.id = s.contact_id
    WHERE s.group_id IS NULL AND c.merged_into_id IS NULL ORDER BY s.score DESC LIMIT 50
    """

    def set_up(self) -> None:
        if not PointGroup.objects.filter(half_life_days__isnull=False).exists():
            groups = PointGroup.objects.order_by("position")
            for group, days in zip(groups, HALF_LIVES, strict=False):
                PointGroup.objects.filter(pk=group.pk).update(half_life_days=days, epoch=timezone.localdate())
            execute(FADE)
            execute(KEEP)
            vacuum("scoring_contactscore")
        super().set_up()


class FadedList(Faded):
    name = "contact list page, highest score first, two groups fade"

    def address(self) -> str:
        return f"{super().address()}?{by_score()}"


class FadedListDeep(Faded):
    name = f"contact list page {DEEP}, highest score first, two groups fade"
    rows = Faded.rows.replace("LIMIT 50", f"LIMIT 50 OFFSET {50 * (DEEP - 1)}")

    def address(self) -> str:
        return f"{super().address()}?{by_score(min(DEEP, self.plan.contacts // 50))}"  # or the last, of a small world


class FadedListReaching(Faded):
    name = "contact list page, score of 100 or more, two groups fade"
    rows = Faded.rows.replace("ORDER BY s.score", "AND s.score >= 100 ORDER BY c.id")

    def address(self) -> str:
        return f"{super().address()}?overall_score_from=100"


# Of what a marketer opens, what took longest.
LISTS: tuple[type[Page], ...] = (ContactListByCompany, ContactListBetween, CommonSearch, EventList, EntryList)
FADING: tuple[type[Page], ...] = (FadedList, FadedListDeep, FadedListReaching)  # change the scores: last of all
