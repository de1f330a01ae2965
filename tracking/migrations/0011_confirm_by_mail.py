"""Double opt-in: forms whose consents count once they are confirmed, and what waits for that."""

import django.core.validators
import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [
        ("contacts", "0007_data_requests"),
        ("tracking", "0010_note_outages"),
    ]

    operations = [
        migrations.AddField(
            model_name="form",
            name="double_opt_in",
            field=models.BooleanField(
                default=False,
                help_text="What the visitor agrees to counts only once they have confirmed it from a mail that we send "
                "them.",
                verbose_name="confirm by email",
            ),
        ),
        migrations.AddField(
            model_name="form",
            name="confirm_within_days",
            field=models.PositiveSmallIntegerField(
                default=7,
                validators=[
                    django.core.validators.MinValueValidator(1),
                    django.core.validators.MaxValueValidator(60),
                ],
                verbose_name="days to confirm",
            ),
        ),
        migrations.CreateModel(
            name="Confirmation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.UUIDField(unique=True)),
                ("email", models.EmailField(max_length=254, verbose_name="email")),
                ("consents", models.JSONField(default=dict, verbose_name="agreed to")),
                ("language", models.CharField(blank=True, max_length=10)),
                ("ip", models.GenericIPAddressField(null=True, verbose_name="shortened IP")),
                ("asked_at", models.DateTimeField(verbose_name="asked")),
                ("expires_at", models.DateTimeField(verbose_name="valid until")),
                ("send_at", models.DateTimeField(default=django.utils.timezone.now, null=True)),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("error", models.CharField(blank=True, max_length=300, verbose_name="error")),
                ("sent_at", models.DateTimeField(null=True, verbose_name="mail sent")),
                ("confirmed_at", models.DateTimeField(null=True, verbose_name="confirmed")),
                (
                    "contact",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="confirmations",
                        to="contacts.contact",
                        verbose_name="contact",
                    ),
                ),
                (
                    "form",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="confirmations",
                        to="tracking.form",
                        verbose_name="form",
                    ),
                ),
            ],
            options={
                "verbose_name": "confirmation",
                "verbose_name_plural": "confirmations",
                "ordering": ["-id"],
                "indexes": [
                    models.Index(condition=Q(send_at__isnull=False), fields=["send_at"], name="confirmation_to_send")
                ],
            },
        ),
    ]
