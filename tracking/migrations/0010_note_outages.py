"""A table for what became of hits while the database was away."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tracking", "0009_judge_machines")]

    operations = [
        migrations.CreateModel(
            name="Outage",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=60, unique=True)),
                ("began_at", models.DateTimeField(verbose_name="from")),
                ("ended_at", models.DateTimeField(verbose_name="until")),
                (
                    "kept",
                    models.BigIntegerField(
                        help_text="They waited on disk and count as if nothing had happened.", verbose_name="hits kept"
                    ),
                ),
                (
                    "lost",
                    models.BigIntegerField(
                        help_text="There was no room for them on disk either.", verbose_name="hits lost"
                    ),
                ),
            ],
            options={
                "verbose_name": "outage",
                "verbose_name_plural": "outages",
                "ordering": ["-began_at"],
            },
        ),
    ]
