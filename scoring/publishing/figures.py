"""What a forecast comes to, score by score: how many contacts change, by how much, how they spread, who moves most."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from contacts.models import Contact
from scoring.decay import cents
from scoring.models import PointGroup, Publication
from scoring.publishing import figures_sql

MOVERS = 5
MOST_BINS = 20
NICE = (1, 2, 5)  # times a power of ten: steps people read without effort


@dataclass(frozen=True)
class Mover:
    contact: Contact
    before: Decimal
    after: Decimal

    @property
    def change(self) -> Decimal:
        return self.after - self.before


@dataclass(frozen=True)
class Bin:
    """Scores from `low` up to, not including, `high`: of how many of those who change, before and after."""

    low: Decimal
    high: Decimal
    before: int
    after: int


@dataclass(frozen=True)
class Figures:
    """What happens to one score; `group` None: the overall score."""

    group: PointGroup | None
    changed: int
    up: int
    down: int
    mean: Decimal
    median: Decimal
    bins: Sequence[Bin]
    risers: Sequence[Mover]
    fallers: Sequence[Mover]


def figures(publication: Publication) -> list[Figures]:
    """The overall score first, then the groups in their order; scores that change for nobody are left out.

    The number of queries does not grow with contacts or groups.
    """
    sums = {row["group_id"]: row for row in figures_sql.sums(publication.pk)}
    groups: list[PointGroup | None] = [None, *PointGroup.objects.filter(pk__in=[pk for pk in sums if pk])]
    steps = {pk: step(row["lowest"], row["highest"]) for pk, row in sums.items()}
    bins = _bins(publication, steps)
    movers = _movers(publication, list(sums))
    found = []
    for group in groups:
        pk = group.pk if group else None
        if (row := sums.get(pk)) is None:
            continue
        found.append(
            Figures(
                group=group,
                **{name: row[name] for name in ("changed", "up", "down")},
                mean=cents(row["mean"]),
                median=cents(row["median"]),
                bins=bins[pk],
                risers=[mover for mover in movers[pk] if mover.change > 0],
                fallers=[mover for mover in movers[pk] if mover.change < 0],
            )
        )
    return found


def step(lowest: Decimal, highest: Decimal) -> Decimal:
    """The smallest step of 1, 2 or 5 times a power of ten that cuts these scores into few enough parts."""
    power = Decimal(1) if highest - lowest >= 2 else Decimal("0.01")
    while True:
        for factor in NICE:
            if highest // (factor * power) - lowest // (factor * power) + 2 <= MOST_BINS:
                return factor * power
        power *= 10


def _bins(publication: Publication, steps: dict[int | None, Decimal]) -> dict[int | None, list[Bin]]:
    counted: dict[int | None, dict[int, tuple[int, int]]] = defaultdict(dict)
    for group_id, number, before, after in figures_sql.bins(publication.pk, steps):
        counted[group_id][number] = (before, after)
    return {
        group_id: [
            Bin(number * steps[group_id], (number + 1) * steps[group_id], *bins.get(number, (0, 0)))
            for number in range(min(bins), max(bins) + 1)
        ]
        for group_id, bins in counted.items()
    }


def _movers(publication: Publication, groups: Sequence[int | None]) -> dict[int | None, list[Mover]]:
    rows = figures_sql.movers(publication.pk, groups, MOVERS)
    contacts = Contact.objects.in_bulk([contact_id for _, contact_id, _, _ in rows])
    movers: dict[int | None, list[Mover]] = defaultdict(list)
    for group_id, contact_id, before, after in rows:
        movers[group_id].append(Mover(contacts[contact_id], before, after))
    return movers
