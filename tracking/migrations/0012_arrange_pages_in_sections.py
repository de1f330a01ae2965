"""Landing pages of sections, with a look of their own, images, and tests of variants. What they said stays, as HTML."""

import django.core.validators
import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

import tracking.models.pages
import tracking.models.public


def keep_text(apps, schema_editor):
    for page in apps.get_model("tracking", "LandingPage").objects.exclude(body="").iterator():
        page.sections = [{"id": "text", "type": "html", "params": {"html": page.body}}]
        page.save(update_fields=["sections"])


def take_text_back(apps, schema_editor):
    for page in apps.get_model("tracking", "LandingPage").objects.iterator():
        page.body = "\n".join(row["params"]["html"] for row in page.sections if row["type"] == "html")
        page.save(update_fields=["body"])


class Migration(migrations.Migration):
    dependencies = [
        ("tracking", "0011_confirm_by_mail"),
    ]

    operations = [
        migrations.CreateModel(
            name="PageImage",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=120, verbose_name="name")),
                (
                    "public_id",
                    models.CharField(
                        default=tracking.models.public.public_id, editable=False, max_length=20, unique=True
                    ),
                ),
                ("file", models.FileField(upload_to=tracking.models.pages.image_name, verbose_name="file")),
                ("extension", models.CharField(editable=False, max_length=4)),
                ("width", models.PositiveIntegerField(editable=False, verbose_name="width")),
                ("height", models.PositiveIntegerField(editable=False, verbose_name="height")),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="created"),
                ),
            ],
            options={
                "verbose_name": "image",
                "verbose_name_plural": "images",
                "ordering": ["-created_at"],
            },
        ),
        migrations.AddField(
            model_name="landingpage",
            name="accent",
            field=models.CharField(
                default="#6d28d9",
                max_length=7,
                validators=[django.core.validators.RegexValidator("^#[0-9a-fA-F]{6}$")],
                verbose_name="colour",
            ),
        ),
        migrations.AddField(
            model_name="landingpage",
            name="archived_at",
            field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name="archived"),
        ),
        migrations.AddField(
            model_name="landingpage",
            name="description",
            field=models.CharField(
                blank=True,
                help_text="For search engines, and where the page is shared.",
                max_length=300,
                verbose_name="description",
            ),
        ),
        migrations.AddField(
            model_name="landingpage",
            name="font",
            field=models.CharField(
                choices=[("sans", "Sans serif"), ("serif", "Serif"), ("round", "Rounded"), ("mono", "Typewriter")],
                default="sans",
                max_length=10,
                verbose_name="font",
            ),
        ),
        migrations.AddField(
            model_name="landingpage",
            name="footer",
            field=models.TextField(blank=True, max_length=1000, verbose_name="text at the foot"),
        ),
        migrations.AddField(
            model_name="landingpage",
            name="imprint_url",
            field=models.URLField(blank=True, max_length=500, verbose_name="imprint"),
        ),
        migrations.AddField(
            model_name="landingpage",
            name="privacy_url",
            field=models.URLField(blank=True, max_length=500, verbose_name="privacy policy"),
        ),
        migrations.AddField(
            model_name="landingpage",
            name="sections",
            field=models.JSONField(blank=True, default=list, verbose_name="sections"),
        ),
        migrations.AddField(
            model_name="landingpage",
            name="logo",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="tracking.pageimage",
                verbose_name="logo",
            ),
        ),
        migrations.AddField(
            model_name="landingpage",
            name="share_image",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="tracking.pageimage",
                verbose_name="image where it is shared",
            ),
        ),
        migrations.CreateModel(
            name="PageTest",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=150, verbose_name="what is tried")),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="created"),
                ),
                ("started_at", models.DateTimeField(editable=False, null=True, verbose_name="started")),
                ("ended_at", models.DateTimeField(editable=False, null=True, verbose_name="ended")),
                ("kept", models.CharField(blank=True, editable=False, max_length=1, verbose_name="kept")),
                (
                    "page",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="tests",
                        to="tracking.landingpage",
                        verbose_name="landing page",
                    ),
                ),
            ],
            options={
                "verbose_name": "test of a page",
                "verbose_name_plural": "tests of pages",
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="PageVariant",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("letter", models.CharField(max_length=1, verbose_name="variant")),
                ("weight", models.PositiveSmallIntegerField(default=1, verbose_name="share")),
                ("sections", models.JSONField(blank=True, default=list, verbose_name="sections")),
                (
                    "test",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="variants", to="tracking.pagetest"
                    ),
                ),
            ],
            options={
                "verbose_name": "variant",
                "verbose_name_plural": "variants",
                "ordering": ["letter"],
            },
        ),
        migrations.AddConstraint(
            model_name="pagetest",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ended_at__isnull", True), ("started_at__isnull", False)),
                fields=("page",),
                name="one_running_test_per_page",
            ),
        ),
        migrations.AddConstraint(
            model_name="pagevariant",
            constraint=models.UniqueConstraint(fields=("test", "letter"), name="one_variant_per_test_and_letter"),
        ),
        migrations.RunPython(keep_text, take_text_back),
        migrations.RemoveField(model_name="landingpage", name="body"),
    ]
