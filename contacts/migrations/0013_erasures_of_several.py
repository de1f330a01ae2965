"""Several people are erased in the background: who asked, how far it has come, and who still waits."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("contacts", "0012_source_of_consents"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ErasureRun",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("asked_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="asked")),
                ("reason", models.CharField(blank=True, max_length=200, verbose_name="because")),
                (
                    "state",
                    models.CharField(
                        choices=[("going", "Under way"), ("done", "Done"), ("stopped", "Stopped")],
                        default="going",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("total", models.PositiveIntegerField(default=0, verbose_name="people")),
                ("erased", models.PositiveIntegerField(default=0, verbose_name="erased")),
                ("left_out", models.PositiveIntegerField(default=0, verbose_name="not erased")),
                ("finished_at", models.DateTimeField(null=True, verbose_name="finished")),
                (
                    "by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="by",
                    ),
                ),
            ],
            options={
                "verbose_name": "erasure of several people",
                "verbose_name_plural": "erasures of several people",
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="ToBeErased",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("error", models.TextField(blank=True)),
                (
                    "contact",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="contacts.contact"
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="waiting", to="contacts.erasurerun"
                    ),
                ),
            ],
        ),
    ]
