"""How sure we are who a browser is, what ties it to whom, and forms that staff fill in for others."""

import django.db.models.deletion
from django.db import migrations, models

# Browsers that were recognised before are left to whom they were recognised as.
SURE = "UPDATE tracking_visitor SET is_sure = true WHERE contact_id IS NOT NULL"


class Migration(migrations.Migration):
    dependencies = [
        ("contacts", "0005_merges"),
        ("tracking", "0007_let_forms_ask_more"),
    ]

    operations = [
        migrations.AddField(
            model_name="visitor",
            name="is_sure",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.RunSQL(SURE, migrations.RunSQL.noop),
        migrations.AddField(
            model_name="form",
            name="is_kiosk",
            field=models.BooleanField(
                default=False,
                help_text="At a fair, say, on one device for many people: nobody is recognised in it, no cookies are set, and it empties itself after each contact.",
                verbose_name="filled in by staff",
            ),
        ),
        migrations.CreateModel(
            name="Tie",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("given_at", models.DateTimeField(null=True)),
                ("followed_at", models.DateTimeField(null=True)),
                (
                    "contact",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="ties", to="contacts.contact"
                    ),
                ),
                (
                    "visitor",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="ties", to="tracking.visitor"
                    ),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="tie",
            constraint=models.UniqueConstraint(fields=("visitor", "contact"), name="one_tie_per_visitor_and_contact"),
        ),
    ]
