"""Outcomes and reasons keep what they are made of, so that each reader gets them in their own language."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0006_hold_enrolments")]

    operations = [
        migrations.AlterField("delivery", "outcome", models.TextField("outcome", blank=True)),
        migrations.AlterField("steprun", "outcome", models.TextField("outcome", blank=True)),
        migrations.AlterField(
            "integration", "disabled_reason", models.TextField("disabled because", blank=True, editable=False)
        ),
    ]
