"""What closed days came to, counted once and kept, for statistics of what is visited often."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tracking", "0015_say_what_to_confirm"),
    ]

    operations = [
        migrations.CreateModel(
            name="ClosedDay",
            fields=[
                ("day", models.DateField(primary_key=True, serialize=False)),
            ],
        ),
        migrations.CreateModel(
            name="DayDue",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField()),
                (
                    "subject",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="tracking.subject",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="DaySum",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.PositiveSmallIntegerField()),
                ("day", models.DateField()),
                ("sort", models.CharField(max_length=10)),
                ("name", models.CharField(max_length=300)),
                ("times", models.PositiveIntegerField()),
                ("machines", models.PositiveIntegerField()),
                ("nameless", models.PositiveIntegerField()),
                (
                    "people",
                    django.contrib.postgres.fields.ArrayField(base_field=models.IntegerField(), null=True, size=None),
                ),
                (
                    "subject",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="tracking.subject",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["day"], name="sum_of_day")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("subject", "kind", "day", "sort", "name"), name="one_sum_per_day_and_name"
                    )
                ],
            },
        ),
    ]
