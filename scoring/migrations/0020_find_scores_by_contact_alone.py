"""A score is found by its contact and group, never by its id: the key of the id was written anew with each movement.

Takes a moment, however many scores there are; nothing is rewritten.
"""

from django.db import migrations

FORWARD = "ALTER TABLE scoring_contactscore DROP CONSTRAINT scoring_contactscore_pkey"
BACKWARD = "ALTER TABLE scoring_contactscore ADD CONSTRAINT scoring_contactscore_pkey PRIMARY KEY (id)"


class Migration(migrations.Migration):
    dependencies = [("scoring", "0019_list_whom_a_sweep_concerns_faster")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
