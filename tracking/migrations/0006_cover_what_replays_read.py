"""The index of a contact's events covers all that scoring reads of them, so that a replay need not visit the rows."""

from django.db import migrations

FORWARD = """
DROP INDEX event_of_contact;
CREATE INDEX event_of_contact ON tracking_event (contact_id, at) INCLUDE (kind, subject_id, verdict);
"""
BACKWARD = """
DROP INDEX event_of_contact;
CREATE INDEX event_of_contact ON tracking_event (contact_id, at) INCLUDE (kind, subject_id);
"""


class Migration(migrations.Migration):
    dependencies = [("tracking", "0005_make_a_month_once")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
