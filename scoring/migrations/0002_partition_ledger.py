"""The ledger, partitioned by month of its period; lines of policies without a period live in a partition of their own."""

from django.db import migrations

FORWARD = """
CREATE TABLE scoring_pointentry (
  id bigserial NOT NULL,
  contact_id bigint NOT NULL,
  action_id bigint NOT NULL,
  version_id bigint NOT NULL,
  object_id bigint NOT NULL DEFAULT 0,
  period date NOT NULL DEFAULT '0001-01-01',
  hits integer NOT NULL,
  credited integer NOT NULL,
  first_at timestamptz NOT NULL,
  last_at timestamptz NOT NULL,
  CONSTRAINT one_entry_per_occurrence PRIMARY KEY (contact_id, action_id, object_id, period, version_id)
) PARTITION BY RANGE (period);
CREATE INDEX entry_by_id ON scoring_pointentry (id);
CREATE INDEX entry_by_version ON scoring_pointentry (version_id);
CREATE TABLE scoring_pointentry_once PARTITION OF scoring_pointentry FOR VALUES FROM (MINVALUE) TO ('1900-01-01');
CREATE TABLE scoring_pointentry_default PARTITION OF scoring_pointentry DEFAULT;

CREATE FUNCTION scoring_forget_contact() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  DELETE FROM scoring_pointentry WHERE contact_id IN (SELECT id FROM rows);
  RETURN NULL;
END $$;
CREATE TRIGGER forget_entries AFTER DELETE ON contacts_contact
  REFERENCING OLD TABLE AS rows FOR EACH STATEMENT EXECUTE FUNCTION scoring_forget_contact();

ALTER TABLE scoring_contactscore SET (fillfactor = 85);
"""

BACKWARD = """
DROP TRIGGER forget_entries ON contacts_contact;
DROP FUNCTION scoring_forget_contact;
DROP TABLE scoring_pointentry;
"""


class Migration(migrations.Migration):
    dependencies = [("scoring", "0001_initial"), ("tracking", "0002_partition_events")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
