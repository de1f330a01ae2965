"""Counts of the events that are not kept any more, day by day; and what tests of pages came to before."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tracking", "0012_arrange_pages_in_sections"),
    ]

    operations = [
        migrations.AddField(
            model_name="pagetest",
            name="result",
            field=models.JSONField(editable=False, null=True),
        ),
        migrations.CreateModel(
            name="DayCount",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.PositiveSmallIntegerField()),
                ("day", models.DateField()),
                ("times", models.PositiveIntegerField(default=0)),
                ("machines", models.PositiveIntegerField(default=0)),
                ("people", models.PositiveIntegerField(default=0)),
                ("nameless", models.PositiveIntegerField(default=0)),
                (
                    "subject",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="day_counts",
                        to="tracking.subject",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("subject", "kind", "day"), name="one_count_per_subject_kind_and_day"
                    )
                ],
            },
        ),
    ]
