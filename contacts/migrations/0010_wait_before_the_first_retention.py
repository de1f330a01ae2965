"""Where there are contacts already, nothing goes for a week: time to look at how long things are kept.

The row stands for a run of that day, so that no other begins before.
"""

from datetime import timedelta

from django.db import migrations
from django.utils import timezone


def wait(apps, schema_editor):
    runs = apps.get_model("contacts", "RetentionRun").objects
    if apps.get_model("contacts", "Contact").objects.exists() and not runs.exists():
        day = timezone.now() + timedelta(days=7)
        runs.create(started_at=day, finished_at=day)


class Migration(migrations.Migration):
    dependencies = [("contacts", "0009_retention")]
    operations = [migrations.RunPython(wait, migrations.RunPython.noop)]
