"""The events: twelve months of opens, clicks, visits, forms and downloads, in order of time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from random import Random

from config.load import sql, subjects, workers
from config.load.plan import Plan
from config.load.subjects import Subjects
from tracking.models import Kind

TABLE = "tracking_event"
COLUMNS = ("id", "key", "kind", "at", "contact_id", "subject_id", "verdict", "data", "received_at")
CHUNK = 100_000  # events; does not depend on the workers, so that neither do the events
AGENT = {"ip": "192.0.2.0", "user_agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}
BROWSER = json.dumps(AGENT)


def create(plan: Plan, about: Subjects, done: workers.Done) -> None:
    """Write them all. What they are worth is computed afterwards."""
    first = sql.reserve(TABLE, plan.events)
    chunks = [(plan, about, first, start) for start in range(0, plan.events, CHUNK)]
    workers.share(_copy, chunks, plan.workers, done=lambda count: done(min(count * CHUNK, plan.events)))


def months(plan: Plan) -> list[date]:
    """The months that the events fall into, with one to either side for periods that begin or end in another."""
    first, last = (moment.year * 12 + moment.month - 1 for moment in (plan.start, plan.until))
    return [date(month // 12, month % 12 + 1, 1) for month in range(first - 1, last + 2)]


def _copy(plan: Plan, about: Subjects, first: int, start: int) -> None:
    sql.copy(TABLE, COLUMNS, _lines(plan, about, first, range(start, min(start + CHUNK, plan.events))))


def _lines(plan: Plan, about: Subjects, first: int, numbers: range) -> Iterator[str]:
    dice = plan.dice(f"events from {numbers.start}")
    random, bits, contacts = dice.random, dice.getrandbits, plan.contacts
    for number in numbers:
        kind, subject, data = draw(dice, about)
        contact = plan.contact(int(random() ** 2 * contacts))
        at = plan.at(number)
        yield f"{first + number}\t{bits(128):032x}\t{kind}\t{at}\t{contact}\t{subject}\t1\t{data}\t{at}\n"


def draw(dice: Random, about: Subjects) -> tuple[int, int, str]:
    """A kind, a subject and the details of one event: half are opens, few subjects are met often and many rarely."""
    share, popular = dice.random(), dice.random() ** 2
    if share < 0.50:
        return OPENED, about.emails[int(popular * len(about.emails))], BROWSER
    if share < 0.62:
        return CLICKED, about.links[int(popular * len(about.links))], BROWSER
    if share < 0.92:
        number = int(popular * len(about.pages))
        return VISITED, about.pages[number], f'{{"url": "{subjects.address(number)}", {BROWSER[1:]}'
    if share < 0.95:
        return SUBMITTED, dice.choice(about.forms), BROWSER
    return DOWNLOADED, dice.choice(about.assets), BROWSER


# Plain numbers: a member of an enumeration takes as long to look up as the rest of a line.
OPENED, CLICKED, VISITED = int(Kind.EMAIL_OPENED), int(Kind.EMAIL_CLICKED), int(Kind.PAGE_VISITED)
SUBMITTED, DOWNLOADED = int(Kind.FORM_SUBMITTED), int(Kind.ASSET_DOWNLOADED)
