"""The statements that find contacts who may be one person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import orjson

from contacts.sql import tuples

# Each with the oldest of its like: a person three times is two pairs, not three.
SAME_PHONE = """
SELECT first, id FROM (
  SELECT id, min(id) OVER (PARTITION BY phone) AS first FROM contacts_contact WHERE phone <> '' AND merged_into_id IS NULL
) same WHERE id <> first ORDER BY id DESC LIMIT %s
"""
SAME_NAME = """
SELECT first, id FROM (
  SELECT id, min(id) OVER (PARTITION BY company_id, lower(first_name), lower(last_name)) AS first
  FROM contacts_contact WHERE company_id IS NOT NULL AND first_name <> '' AND last_name <> '' AND merged_into_id IS NULL
) same WHERE id <> first ORDER BY id DESC LIMIT %s
"""


def same_phone(limit: int) -> list[tuple[int, int]]:
    return tuples(SAME_PHONE, [limit])


def same_name_and_company(limit: int) -> list[tuple[int, int]]:
    return tuples(SAME_NAME, [limit])


# xmax is 0 where the row is new.
INSERT_PAIRS = """
WITH found AS (
  SELECT * FROM jsonb_to_recordset(%s::jsonb) AS p(first_id bigint, second_id bigint, reasons jsonb)
), kept AS (
  INSERT INTO contacts_duplicate AS d (first_id, second_id, reasons, found_at)
  SELECT first_id, second_id, reasons, now() FROM found ORDER BY first_id, second_id
  ON CONFLICT (first_id, second_id) DO UPDATE SET reasons = excluded.reasons WHERE d.reasons <> excluded.reasons
  RETURNING xmax = 0 AS is_new
)
SELECT count(*) FROM kept WHERE is_new
"""


def insert_pairs(reasons: Mapping[tuple[int, int], Sequence[str]]) -> int:
    """Note these pairs (the smaller id first) with the reasons of today; how many are new."""
    rows = [{"first_id": one, "second_id": other, "reasons": list(keys)} for (one, other), keys in reasons.items()]
    ((count,),) = tuples(INSERT_PAIRS, [orjson.dumps(rows).decode()])
    return int(count)
