"""The event table, partitioned by month, with the function that makes a month's partition for any such table.

A new partition is filled beside its parent and attached: attaching blocks neither readers nor writers of other months.
The default partition stays empty as long as `partitions.ensure()` runs first; it is there so that nothing is ever refused.
"""

from django.db import migrations

FORWARD = """
CREATE TABLE tracking_event (
  id bigserial NOT NULL,
  key uuid,
  kind smallint NOT NULL,
  at timestamptz NOT NULL,
  contact_id bigint,
  visitor_id uuid,
  subject_id bigint,
  message_id bigint,
  verdict smallint NOT NULL DEFAULT 0,
  data jsonb NOT NULL DEFAULT '{}',
  received_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (id, at)
) PARTITION BY RANGE (at);
CREATE INDEX event_of_contact ON tracking_event (contact_id, at) INCLUDE (kind, subject_id);
CREATE INDEX event_of_visitor ON tracking_event (visitor_id) WHERE contact_id IS NULL;
CREATE INDEX event_of_message ON tracking_event (message_id) WHERE message_id IS NOT NULL;
CREATE INDEX event_of_subject ON tracking_event (subject_id, at);
CREATE TABLE tracking_event_default PARTITION OF tracking_event DEFAULT;

CREATE FUNCTION bareme_ensure_month(parent text, month date) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  first date := date_trunc('month', month);
  child text := parent || to_char(first, '_YYYYMM');
BEGIN
  IF to_regclass(child) IS NOT NULL THEN RETURN false; END IF;
  PERFORM pg_advisory_xact_lock(hashtext('bareme partitions'));
  IF to_regclass(child) IS NOT NULL THEN RETURN false; END IF;
  EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', child, parent);
  EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', parent, child, first, first + interval '1 month');
  RETURN true;
END $$;

CREATE FUNCTION tracking_forget_contact() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  DELETE FROM tracking_event WHERE contact_id IN (SELECT id FROM rows);
  RETURN NULL;
END $$;
CREATE TRIGGER forget_events AFTER DELETE ON contacts_contact
  REFERENCING OLD TABLE AS rows FOR EACH STATEMENT EXECUTE FUNCTION tracking_forget_contact();

ALTER TABLE tracking_hit SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000);
"""

BACKWARD = """
DROP TRIGGER forget_events ON contacts_contact;
DROP FUNCTION tracking_forget_contact;
DROP FUNCTION bareme_ensure_month;
DROP TABLE tracking_event;
"""


class Migration(migrations.Migration):
    dependencies = [("tracking", "0001_initial"), ("contacts", "0002_record_changes")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
