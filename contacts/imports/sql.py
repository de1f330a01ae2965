"""The import's hand-written statements. All of a chunk run in the caller's transaction, on one staging table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection

from contacts.sql import execute

COPY_ROWS = "COPY contacts_importrow (job_id, line, cells, errors) FROM STDIN"


def copy_rows(job_id: int, rows: Iterable[tuple[int, str]]) -> int:
    """Keep the raw lines of a file (number, cells as JSON), streamed: memory does not grow with the file."""
    count = 0
    with connection.cursor() as cursor, cursor.copy(COPY_ROWS) as copy:
        for line, cells in rows:
            copy.write_row((job_id, line, cells, "[]"))
            count += 1
    return count


STAGE = """
CREATE TEMPORARY TABLE staged (
  email text PRIMARY KEY, phone text, first_name text, last_name text, company text, job_title text, city text,
  country text, language text, time_zone text, owner_id bigint, stage_id bigint, fields jsonb, tags text[],
  segments bigint[]
) ON COMMIT DROP
"""
COLUMNS = (
    *("email", "phone", "first_name", "last_name", "company", "job_title", "city", "country", "language", "time_zone"),
    *("owner", "stage", "fields", "tags", "segments"),
)


def stage(rows: Iterable[Sequence[Any]]) -> None:
    """Put cleaned rows (in the order of COLUMNS, one per email) where the next statements find them."""
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS staged")
        cursor.execute(STAGE)
        with cursor.copy("COPY staged FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        cursor.execute("ANALYZE staged")


INSERT = """
INSERT INTO contacts_contact (email, phone, first_name, last_name, company_id, job_title, city, country, language,
  time_zone, owner_id, stage_id, fields, created_at, updated_at)
SELECT s.email, coalesce(s.phone, ''), coalesce(s.first_name, ''), coalesce(s.last_name, ''), company.id,
  coalesce(s.job_title, ''), coalesce(s.city, ''), coalesce(s.country, ''), coalesce(s.language, ''),
  coalesce(s.time_zone, ''), s.owner_id, s.stage_id, s.fields, now(), now()
FROM staged s LEFT JOIN contacts_company company ON lower(company.name) = lower(s.company)
WHERE NOT EXISTS (SELECT FROM contacts_contact c WHERE lower(c.email) = s.email)
ORDER BY s.email ON CONFLICT (lower(email)) DO NOTHING
"""


def insert_contacts() -> int:
    """Make the staged contacts that do not exist; how many."""
    return execute(INSERT)


UPDATE = """
UPDATE contacts_contact c SET (phone, first_name, last_name, company_id, job_title, city, country, language, time_zone,
  owner_id, stage_id, fields, updated_at) = (
  coalesce(n.phone, c.phone), coalesce(n.first_name, c.first_name), coalesce(n.last_name, c.last_name),
  coalesce(n.company_id, c.company_id), coalesce(n.job_title, c.job_title), coalesce(n.city, c.city),
  coalesce(n.country, c.country), coalesce(n.language, c.language), coalesce(n.time_zone, c.time_zone),
  coalesce(n.owner_id, c.owner_id), coalesce(n.stage_id, c.stage_id), c.fields || n.fields, now())
FROM (
  SELECT DISTINCT ON (coalesce(found.merged_into_id, found.id)) coalesce(found.merged_into_id, found.id) AS contact_id,
    company.id AS company_id, s.*
  FROM staged s JOIN contacts_contact found ON lower(found.email) = s.email
  LEFT JOIN contacts_company company ON lower(company.name) = lower(s.company)
  ORDER BY coalesce(found.merged_into_id, found.id), s.email
) n
WHERE c.id = n.contact_id AND (
  (c.phone, c.first_name, c.last_name, c.company_id, c.job_title, c.city, c.country, c.language, c.time_zone,
   c.owner_id, c.stage_id) IS DISTINCT FROM (
   coalesce(n.phone, c.phone), coalesce(n.first_name, c.first_name), coalesce(n.last_name, c.last_name),
   coalesce(n.company_id, c.company_id), coalesce(n.job_title, c.job_title), coalesce(n.city, c.city),
   coalesce(n.country, c.country), coalesce(n.language, c.language), coalesce(n.time_zone, c.time_zone),
   coalesce(n.owner_id, c.owner_id), coalesce(n.stage_id, c.stage_id))
  OR NOT c.fields @> n.fields)
"""


def update_contacts() -> int:
    """Write what the staged rows say over the contacts they mean (merged ones: over whom they became); how many changed.

    What a row does not say stays as it is.
    """
    return execute(UPDATE)


WHO = """
SELECT coalesce(c.merged_into_id, c.id) AS contact_id, s.tags, s.segments
FROM staged s JOIN contacts_contact c ON lower(c.email) = s.email
"""
TAG = f"""
INSERT INTO contacts_contacttag (contact_id, tag_id, created_at)
SELECT DISTINCT who.contact_id, tag.id, now() FROM ({WHO}) who, unnest(who.tags) AS wanted(name)
JOIN contacts_tag tag ON lower(tag.name) = lower(wanted.name) ORDER BY 1, 2 ON CONFLICT (contact_id, tag_id) DO NOTHING
"""
JOIN_SEGMENTS = f"""
INSERT INTO contacts_membership AS m (segment_id, contact_id, is_member, reason, note, since)
SELECT DISTINCT segment_id, who.contact_id, true, 'import', %s, now() FROM ({WHO}) who, unnest(who.segments) AS segment_id
ORDER BY 1, 2
ON CONFLICT (segment_id, contact_id) DO UPDATE SET is_member = true, reason = excluded.reason, note = excluded.note,
  since = CASE WHEN m.is_member THEN m.since ELSE excluded.since END
WHERE NOT m.is_member OR m.reason = 'rule'
"""


def tag_contacts() -> int:
    """Give the staged tags; how many were new."""
    return execute(TAG)


def join_segments(note: str) -> int:
    """Put the contacts into the staged segments, by decision; how many memberships changed."""
    return execute(JOIN_SEGMENTS, [note])
