"""How long each kind of data is kept, and the runs that let go of what is older."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("contacts", "0008_erasures"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="RetentionPolicy",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=40, verbose_name="kind of data")),
                ("length", models.PositiveSmallIntegerField(null=True, verbose_name="kept for")),
                ("at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="when")),
                (
                    "author",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="author",
                    ),
                ),
            ],
            options={
                "verbose_name": "retention setting",
                "verbose_name_plural": "retention settings",
                "ordering": ["-id"],
                "permissions": [("apply_retention", "Can let go of what is no longer kept")],
                "indexes": [models.Index(fields=["kind", "-id"], name="latest_retention_policy")],
            },
        ),
        migrations.CreateModel(
            name="RetentionRun",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("started_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="started")),
                ("finished_at", models.DateTimeField(null=True, verbose_name="finished")),
                ("kind", models.CharField(blank=True, max_length=40, verbose_name="kind of data")),
                ("mark", models.JSONField(default=dict)),
                ("counts", models.JSONField(default=dict, verbose_name="what went")),
                ("reached", models.JSONField(default=dict)),
                ("errors", models.JSONField(default=dict, verbose_name="errors")),
                (
                    "by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="asked for by",
                    ),
                ),
            ],
            options={
                "verbose_name": "retention run",
                "verbose_name_plural": "retention runs",
                "ordering": ["-id"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("finished_at",), name="one_retention_run_at_a_time", nulls_distinct=False
                    )
                ],
            },
        ),
    ]
