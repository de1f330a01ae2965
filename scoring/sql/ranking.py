"""The tops of several lists of numbers at once: who stands there, and what each contact's sum is at most."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from django.db.models import QuerySet

from contacts.sql import tuples

Lists = Sequence[QuerySet[Any, Any]]  # of (contact_id, number), each in order, the greatest number first


class Seen(NamedTuple):
    """A contact at the top of some list."""

    contact_id: int
    most: float  # what its sum is at most
    is_exact: bool  # it stands at the top of every list, so that is its sum


class Tops(NamedTuple):
    seen: list[Seen]  # the greatest first
    threshold: float  # what whoever stands at the top of no list has at most
    last: int | None  # who stands last at the top of the first list
    is_whole: bool  # the first list ends there


# Who is not at the top of a list has at most what stands last there; at most nothing, where the list ends there.
TOPS = """
WITH tops(list, contact_id, number) AS MATERIALIZED ({tops}),
levels AS MATERIALIZED (
  SELECT list, count(number) < %s AS is_whole, CASE WHEN count(number) < %s THEN 0 ELSE min(number) END AS level
  FROM unnest(%s::int[]) list LEFT JOIN tops USING (list) GROUP BY 1
),
total AS MATERIALIZED (SELECT sum(level) AS level, count(*) AS lists FROM levels),
seen AS (
  SELECT contact_id, sum(number - level) + (SELECT level FROM total) AS most, count(*) = (SELECT lists FROM total) AS is_exact
  FROM tops JOIN levels USING (list) GROUP BY 1
)
SELECT (SELECT contact_id FROM tops WHERE list = 0 ORDER BY number, contact_id {behind} LIMIT 1), level, (SELECT is_whole FROM levels WHERE list = 0)
FROM total
UNION ALL
(SELECT contact_id, most, is_exact FROM seen WHERE most >= %s ORDER BY most DESC, contact_id LIMIT %s)
"""


def tops(
    lists: Lists, depth: int, *, lowest: bool = False, bound: float = float("-inf"), limit: int | None = None
) -> Tops:
    """The first `depth` of each list; of those with at least `bound`, no more than `limit`.

    Equal numbers stand in the order of the contacts' ids; with `lowest` the other way round.
    """
    parts: list[str] = []
    values: list[Any] = []
    for place, rows in enumerate(lists):
        statement, bindings = rows[:depth].query.sql_with_params()
        parts.append(f"(SELECT {place}, contact_id, number FROM ({statement}) one(contact_id, number))")
        values += bindings
    statement = TOPS.format(tops=" UNION ALL ".join(parts), behind="" if lowest else "DESC")
    (last, threshold, is_whole), *seen = tuples(
        statement, [*values, depth, depth, list(range(len(lists))), bound, limit]
    )
    return Tops([Seen(*one) for one in seen], threshold, last, is_whole)


def thresholds(lists: Lists) -> Callable[[int], float]:
    """A function: what whoever is not among the first so many of any list has at most."""
    parts: list[str] = []
    values: list[Any] = []
    for rows in lists:
        statement, bindings = rows.query.sql_with_params()
        parts.append(f"coalesce((SELECT number FROM ({statement} OFFSET %s LIMIT 1) one(contact_id, number)), 0)")
        values += [*bindings, None]
    places = [place for place, value in enumerate(values) if value is None]

    def threshold(depth: int) -> float:
        for place in places:
            values[place] = depth - 1
        ((found,),) = tuples(f"SELECT {' + '.join(parts)}", values)
        return float(found)

    return threshold
