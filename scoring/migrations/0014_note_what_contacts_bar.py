"""What contacts do not allow is kept with their scores; whoever has refused something already is looked at again."""

import django.contrib.postgres.fields
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q


def owe_a_walk(apps, schema_editor):
    asks = "profiling" in settings.CONSENT_REQUIRED and apps.get_model("contacts", "Contact").objects.exists()
    if asks or apps.get_model("contacts", "Consent").objects.filter(granted=False).exists():
        apps.get_model("scoring", "Sweep").objects.create(reason="Consent", plan={"profiles": True})


class Migration(migrations.Migration):
    dependencies = [
        ("contacts", "0006_consent_settings_and_texts"),
        ("scoring", "0013_room_for_large_scores"),
    ]

    operations = [
        migrations.AddField(
            model_name="contactscore",
            name="barred",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.SmallIntegerField(), editable=False, null=True, size=None
            ),
        ),
        migrations.AddIndex(
            model_name="contactscore",
            index=models.Index(condition=Q(barred__isnull=False), fields=["contact"], name="barred_contact"),
        ),
        migrations.RunPython(owe_a_walk, migrations.RunPython.noop),
    ]
