"""What could not be done for one contact is set aside; drafts know which rows were made for them."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("contacts", "0005_merges"),
        ("scoring", "0015_write_fewer_indexes"),
    ]

    operations = [
        migrations.AddField(
            model_name="edit",
            name="is_new",
            field=models.BooleanField(default=False),
        ),
        migrations.CreateModel(
            name="SetAside",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "work",
                    models.CharField(
                        choices=[
                            ("change", "A change of the contact"),
                            ("adjustment", "An adjustment"),
                            ("sweep", "Re-scoring"),
                            ("expiry", "Points that expired"),
                            ("fading", "A score that faded through a threshold"),
                            ("forecast", "The preview of a draft"),
                        ],
                        max_length=10,
                        verbose_name="what",
                    ),
                ),
                ("ref_id", models.BigIntegerField()),
                ("error", models.TextField(verbose_name="error")),
                ("at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="when")),
                (
                    "contact",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="set_aside",
                        to="contacts.contact",
                        verbose_name="contact",
                    ),
                ),
            ],
            options={
                "verbose_name": "piece of work set aside",
                "verbose_name_plural": "pieces of work set aside",
                "ordering": ["-id"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("work", "ref_id", "contact"), name="set_aside_once", nulls_distinct=False
                    )
                ],
            },
        ),
    ]
