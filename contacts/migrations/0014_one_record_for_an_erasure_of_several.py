"""The people of one run are erased together: one record tells of all of them."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("contacts", "0013_erasures_of_several")]

    operations = [
        migrations.AddField(
            model_name="erasurerun",
            name="record",
            field=models.OneToOneField(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="contacts.erasure",
            ),
        ),
    ]
