"""A row for each contact whom a changed rule concerns: one index finds it, and nothing need make sure of its sweep."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("scoring", "0018_remarks")]
    operations = [
        migrations.AlterField(
            model_name="sweepcontact",
            name="sweep",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="contacts",
                to="scoring.sweep",
            ),
        ),
    ]
