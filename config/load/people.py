"""The contacts, with what belongs to a person: company, stage, custom fields, tags, consents."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from random import Random

from config.load import sql
from config.load.plan import Plan
from contacts.models import Company, Consent, Contact, ContactTag, CustomField, Purpose, Stage, Tag

COUNTRIES = ("DE", "FR", "US", "GB", "NL", "ES", "IT", "PL", "SE", "CH")
INDUSTRIES = ("saas", "retail", "health", "gov", "edu", "bank")
PLANS = ("free", "pro", "ent")
TITLES = ("Buyer", "Developer", "Director", "Head of Marketing", "Owner", "Sales Manager", "Student", "")
FIRST = (
    "Anna",
    "Ben",
    "Chloé",
    "David",
    "Emma",
    "Farid",
    "Greta",
    "Hugo",
    "Inès",
    "Jan",
    "Karin",
    "Léo",
    "Maya",
    "Nils",
)
SYLLABLES = ("ba", "ro", "li", "men", "tor", "vi", "sel", "gan", "du", "ker", "mar", "no", "pe", "ris", "stein", "wal")
TAGS = ("newsletter", "event", "partner", "press", "beta", "vip", "reseller", "archive")
STAGES = ("Visitor", "Lead", "Qualified", "Opportunity", "Customer")
ASKED = (Purpose.WEB_TRACKING, Purpose.EMAIL_TRACKING)
CONTACTS_A_COMPANY = 25

CONTACT_COLUMNS = (
    *("id", "email", "phone", "first_name", "last_name", "company_id", "job_title", "city", "country", "language"),
    *("time_zone", "stage_id", "fields", "created_at", "updated_at"),
)


def create(plan: Plan) -> None:
    """Write everybody, with ids from 1 to `plan.contacts`; nothing of it waits for the pipeline."""
    _custom_fields()
    companies = _companies(plan)
    stages = [Stage.objects.create(name=name, position=position).pk for position, name in enumerate(STAGES)]
    tags = [Tag.objects.create(name=name).pk for name in TAGS]
    tables = [model._meta.db_table for model in (Contact, ContactTag, Consent)]
    with sql.unnoted(*tables):
        sql.copy(tables[0], CONTACT_COLUMNS, _contacts(plan, companies, stages))
        sql.copy(tables[1], ("contact_id", "tag_id", "created_at"), _tags(plan, tags))
        sql.copy(tables[2], ("contact_id", "purpose", "granted", "text", "source", "given_at"), _consents(plan))
        sql.start_after(tables[0], plan.contacts)


def _custom_fields() -> None:
    kinds = CustomField.Type
    CustomField.objects.bulk_create(
        [
            CustomField(key="industry", label="Industry", type=kinds.CHOICE, choices=list(INDUSTRIES)),
            CustomField(key="employees", label="Employees", type=kinds.INTEGER),
            CustomField(key="plan", label="Plan", type=kinds.CHOICE, choices=list(PLANS)),
            CustomField(key="budget", label="Budget", type=kinds.DECIMAL),
        ]
    )


def _companies(plan: Plan) -> range:
    """The ids of the companies."""
    count = max(1, plan.contacts // CONTACTS_A_COMPANY)
    dice, table = plan.dice("companies"), Company._meta.db_table
    first = sql.reserve(table, count)
    columns = ("id", "name", "domain", "industry", "employees", "city", "country", "created_at")
    lines = (
        f"{pk}\t{_word(dice).title()} {number}\t{number}.example\t{dice.choice(INDUSTRIES)}\t{dice.randrange(1, 5000)}"
        f"\tCity {dice.randrange(900)}\t{dice.choice(COUNTRIES)}\t{plan.start}\n"
        for number, pk in enumerate(range(first, first + count))
    )
    sql.copy(table, columns, lines)
    return range(first, first + count)


def _contacts(plan: Plan, companies: range, stages: list[int]) -> Iterator[str]:
    dice, day = plan.dice("contacts"), timedelta(days=1)
    chance, choice = dice.random, dice.choice
    for pk in range(1, plan.contacts + 1):
        first, last = choice(FIRST), _word(dice)
        created = plan.until - (1 - pk / plan.contacts) * 700 * day
        budget, employees = int(chance() * 100_000) / 10, int(chance() * 5000)
        industry, bought = choice(INDUSTRIES), choice(PLANS)
        fields = f'{{"plan": "{bought}", "budget": {budget}, "industry": "{industry}", "employees": {employees}}}'
        yield (
            f"{pk}\t{last}.{pk}@example.com\t\t{first}\t{last.title()}\t{choice(companies)}\t{choice(TITLES)}"
            f"\tCity {int(chance() * 900)}\t{choice(COUNTRIES)}\ten\t\t{stages[int(chance() ** 3 * len(stages))]}"
            f"\t{fields}\t{created}\t{created}\n"
        )


def _word(dice: Random) -> str:
    return "".join(dice.choices(SYLLABLES, k=3))


def _tags(plan: Plan, tags: list[int]) -> Iterator[str]:
    """A third of the contacts have one."""
    dice = plan.dice("tags")
    for pk in range(1, plan.contacts + 1):
        if dice.random() < 1 / 3:
            yield f"{pk}\t{dice.choice(tags)}\t{plan.until}\n"


def _consents(plan: Plan) -> Iterator[str]:
    """Everybody has said yes, before their first event: without it what they do would earn nothing."""
    for pk in range(1, plan.contacts + 1):
        for purpose in ASKED:
            yield f"{pk}\t{purpose.value}\tt\t\tload\t{plan.start}\n"
