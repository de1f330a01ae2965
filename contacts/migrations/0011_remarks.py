"""Why contacts were merged keeps what it is made of, so that each reader gets it in their own language."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("contacts", "0010_wait_before_the_first_retention")]

    operations = [migrations.AlterField("merge", "note", models.TextField("because", blank=True))]
