"""Enrolments by bulk work wait for a release, and what waits may turn out to be no longer true."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0005_deliveries_about_nobody"),
        ("contacts", "0005_merges"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="enrolment",
            name="one_active_enrolment_per_campaign",
        ),
        migrations.AddField(
            model_name="enrolment",
            name="decided_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="enrolment",
            name="decided_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AlterField(
            model_name="enrolment",
            name="state",
            field=models.CharField(
                choices=[
                    ("active", "Under way"),
                    ("finished", "Finished"),
                    ("left", "Left"),
                    ("held", "Waiting for release"),
                    ("declined", "Declined"),
                    ("outdated", "No longer true"),
                ],
                default="active",
                max_length=10,
                verbose_name="state",
            ),
        ),
        migrations.AlterField(
            model_name="firing",
            name="state",
            field=models.CharField(
                choices=[
                    ("fired", "Acted"),
                    ("unmet", "Condition not met"),
                    ("held", "Waiting for release"),
                    ("declined", "Declined"),
                    ("outdated", "No longer true"),
                    ("marked", "Already above"),
                ],
                default="fired",
                max_length=10,
                verbose_name="state",
            ),
        ),
        migrations.AddIndex(
            model_name="enrolment",
            index=models.Index(condition=models.Q(("state", "held")), fields=["campaign"], name="enrolment_held"),
        ),
        migrations.AddConstraint(
            model_name="enrolment",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ["active", "held"])),
                fields=("campaign", "contact"),
                name="one_open_enrolment_per_campaign",
            ),
        ),
    ]
