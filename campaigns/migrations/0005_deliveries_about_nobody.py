"""Colleagues are told of a form's answers also where nobody knows whose they are: such a delivery has no contact."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("contacts", "0001_initial"),
        ("campaigns", "0004_room_for_large_scores"),
    ]

    operations = [
        migrations.AlterField(
            model_name="delivery",
            name="contact",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="deliveries",
                to="contacts.contact",
                verbose_name="contact",
            ),
        )
    ]
