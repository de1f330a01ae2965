"""What is asked for consent, in which words and versions; and when a yes that was confirmed later was first asked for."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

PURPOSES = [
    ("web_tracking", "Web tracking"),
    ("email_tracking", "Email-open tracking"),
    ("link_tracking", "Link tracking"),
    ("profiling", "Profiling"),
]


class Migration(migrations.Migration):
    dependencies = [
        ("contacts", "0005_merges"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ConsentPolicy",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("purpose", models.CharField(choices=PURPOSES, max_length=20, verbose_name="purpose")),
                (
                    "is_required",
                    models.BooleanField(
                        help_text="Otherwise it is assumed until the person refuses.", verbose_name="needs a yes"
                    ),
                ),
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
                "verbose_name": "consent setting",
                "verbose_name_plural": "consent settings",
                "ordering": ["-id"],
                "indexes": [models.Index(fields=["purpose", "-id"], name="latest_consent_policy")],
            },
        ),
        migrations.CreateModel(
            name="ConsentText",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("purpose", models.CharField(choices=PURPOSES, max_length=20, verbose_name="purpose")),
                ("language", models.CharField(choices=settings.LANGUAGES, max_length=10, verbose_name="language")),
                ("version", models.PositiveIntegerField(editable=False, verbose_name="version")),
                ("text", models.TextField(max_length=2000, verbose_name="text")),
                ("since", models.DateTimeField(default=django.utils.timezone.now, verbose_name="since")),
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
                "verbose_name": "consent text",
                "verbose_name_plural": "consent texts",
                "ordering": ["purpose", "language", "-version"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("purpose", "language", "version"), name="one_consent_text_per_version"
                    )
                ],
            },
        ),
        migrations.AddField(
            model_name="consent",
            name="asked_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="asked"),
        ),
        migrations.AddField(
            model_name="consent",
            name="shown",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="consents",
                to="contacts.consenttext",
                verbose_name="text version",
            ),
        ),
        migrations.AlterField(
            model_name="consent",
            name="contact",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="consents",
                to="contacts.contact",
                verbose_name="contact",
            ),
        ),
        migrations.AlterField(
            model_name="consent",
            name="purpose",
            field=models.CharField(
                choices=[*PURPOSES, ("email", "Email"), ("sms", "SMS")], max_length=20, verbose_name="purpose"
            ),
        ),
    ]
