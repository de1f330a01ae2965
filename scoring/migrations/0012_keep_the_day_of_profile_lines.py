"""Profile lines keep the day they began to count from when their rule is edited."""

import django.utils.timezone
from django.db import migrations, models

FILL = "UPDATE scoring_holding SET first_at = since"


class Migration(migrations.Migration):
    dependencies = [("scoring", "0011_permission_to_publish")]

    operations = [
        migrations.AddField(
            model_name="holding",
            name="first_at",
            field=models.DateTimeField(default=django.utils.timezone.now),
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
