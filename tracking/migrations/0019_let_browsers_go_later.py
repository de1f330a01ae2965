"""Browsers whose people were erased are let go in the background, and deleted contacts find their events by the index.

The planner knows nothing of the rows a trigger is given, and read all events where a hundred contacts went at once.
"""

from django.db import migrations, models

FORWARD = """
CREATE OR REPLACE FUNCTION tracking_forget_contact() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  DELETE FROM tracking_event WHERE contact_id = ANY(ARRAY(SELECT id FROM rows));
  RETURN NULL;
END $$;
"""
BACKWARD = """
CREATE OR REPLACE FUNCTION tracking_forget_contact() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  DELETE FROM tracking_event WHERE contact_id IN (SELECT id FROM rows);
  RETURN NULL;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("tracking", "0018_outages_as_one")]

    operations = [
        migrations.CreateModel(
            name="BrowserLetGo",
            fields=[
                ("visitor_id", models.UUIDField(primary_key=True, serialize=False)),
                ("until", models.BigIntegerField()),
            ],
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
