"""Deleted contacts find their lines by the index, however many they are: the planner knows nothing of a trigger's rows."""

from django.db import migrations

FORWARD = """
CREATE OR REPLACE FUNCTION scoring_forget_contact() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  DELETE FROM scoring_pointentry WHERE contact_id = ANY(ARRAY(SELECT id FROM rows));
  RETURN NULL;
END $$;
"""
BACKWARD = """
CREATE OR REPLACE FUNCTION scoring_forget_contact() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  DELETE FROM scoring_pointentry WHERE contact_id IN (SELECT id FROM rows);
  RETURN NULL;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("scoring", "0020_several_workers_to_a_walk")]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
