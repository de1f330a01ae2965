"""What a walk has still to see is kept in ranges, each held by the worker that is busy with it."""

import django.db.models.deletion
from django.db import migrations, models

GOING_ON = """
INSERT INTO scoring_sweeprange (sweep_id, next_id, end_id)
SELECT id, next_id, 9223372036854775807 FROM scoring_sweep WHERE finished_at IS NULL AND total IS NOT NULL
"""


class Migration(migrations.Migration):
    dependencies = [("scoring", "0019_list_whom_a_sweep_concerns_faster")]
    operations = [
        migrations.CreateModel(
            name="SweepRange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("next_id", models.BigIntegerField()),
                ("end_id", models.BigIntegerField()),
                (
                    "sweep",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="ranges",
                        to="scoring.sweep",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("sweep", "end_id"), name="one_range_per_sweep_and_end")
                ],
            },
        ),
        migrations.RunSQL(
            GOING_ON,
            """UPDATE scoring_sweep s SET next_id = r.next_id
            FROM (SELECT sweep_id, min(next_id) AS next_id FROM scoring_sweeprange GROUP BY 1) r WHERE r.sweep_id = s.id""",
        ),
        migrations.RemoveField(model_name="sweep", name="next_id"),
    ]
