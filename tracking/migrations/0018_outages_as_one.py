"""An outage is told once, not once per web process: a view puts together what each of them saw."""

from django.db import migrations, models

# A share begins an outage where all that began before it had ended five seconds earlier.
VIEW = """
CREATE VIEW tracking_whole_outage AS
SELECT min(id) AS id, min(began_at) AS began_at, max(ended_at) AS ended_at, sum(kept)::bigint AS kept, sum(lost)::bigint AS lost
FROM (
  SELECT *, count(*) FILTER (WHERE begins) OVER (ORDER BY began_at, id) AS outage
  FROM (
    SELECT id, began_at, greatest(began_at, ended_at) AS ended_at, kept, lost,
      coalesce(began_at > interval '5 seconds' + max(greatest(began_at, ended_at)) OVER (
        ORDER BY began_at, id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
      ), true) AS begins
    FROM tracking_outage
  ) shares
) numbered
GROUP BY outage
"""


class Migration(migrations.Migration):
    dependencies = [("tracking", "0017_forms_are_begun")]

    operations = [
        # The table stays as it is, also for processes of the version before. Not a renamed model: who may see outages still may.
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.DeleteModel("Outage"),
                migrations.CreateModel(
                    name="OutageShare",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("key", models.CharField(max_length=60, unique=True)),
                        ("began_at", models.DateTimeField(verbose_name="from")),
                        ("ended_at", models.DateTimeField(verbose_name="until")),
                        (
                            "kept",
                            models.BigIntegerField(
                                help_text="They waited on disk and count as if nothing had happened.",
                                verbose_name="hits kept",
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
                        "db_table": "tracking_outage",
                        "default_permissions": (),
                        "verbose_name": "outage as one web process saw it",
                        "verbose_name_plural": "outages as each web process saw them",
                        "ordering": ["-began_at"],
                    },
                ),
            ]
        ),
        migrations.RunSQL(VIEW, "DROP VIEW tracking_whole_outage"),
        migrations.CreateModel(
            name="Outage",
            fields=[
                (
                    "id",
                    models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
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
                "db_table": "tracking_whole_outage",
                "verbose_name": "outage",
                "verbose_name_plural": "outages",
                "ordering": ["-began_at"],
                "managed": False,
            },
        ),
    ]
