"""Every index is written with each line and each movement of a score: none that nobody asks, none twice.

Lines are found by contact, rule or day, never by id; `ranking_overall` ranks what has no group. Room on the pages of lines
that are counted over and over lets a further hit rewrite no index at all.
"""

from django.db import migrations, models

FORWARD = """
DROP INDEX entry_by_id;
ALTER TABLE scoring_pointentry_once SET (fillfactor = 90);
"""
BACKWARD = """
ALTER TABLE scoring_pointentry_once RESET (fillfactor);
CREATE INDEX entry_by_id ON scoring_pointentry (id);
"""


class Migration(migrations.Migration):
    dependencies = [("scoring", "0014_note_what_contacts_bar")]
    operations = [
        migrations.RunSQL(FORWARD, BACKWARD),
        migrations.RemoveIndex(model_name="contactscore", name="ranking"),
        migrations.AddIndex(
            model_name="contactscore",
            index=models.Index(
                condition=models.Q(("group__isnull", False)), fields=["group", "-score"], name="ranking"
            ),
        ),
    ]
