"""Reasons and notes keep what they are made of, so that each reader gets them in their own language."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("scoring", "0017_order_equal_scores_of_today")]

    operations = [
        migrations.AlterField("publication", "note", models.TextField("note", blank=True)),
        migrations.AlterField("sweep", "reason", models.TextField("reason")),
    ]
