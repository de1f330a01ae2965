"""Where an answer about consent was given keeps what it is made of, so that each reader gets it in their own language."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("contacts", "0011_remarks")]

    operations = [
        migrations.AlterField(model, "source", models.TextField("source", blank=True))
        for model in ("consent", "datarequest")
    ]
