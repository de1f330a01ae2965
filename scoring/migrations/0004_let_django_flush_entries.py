"""Django learns of the partitioned table of ledger lines, so that tests empty it like any other; the table stays as it is."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("scoring", "0003_sweeps"), ("contacts", "0002_record_changes")]
    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AlterModelOptions(
                    "pointentry", {"verbose_name": "point entry", "verbose_name_plural": "point entries"}
                ),
                migrations.AddField(
                    "pointentry",
                    "contact",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=models.DO_NOTHING,
                        related_name="entries",
                        to="contacts.contact",
                        verbose_name="contact",
                    ),
                    preserve_default=False,
                ),
                migrations.AddField(
                    "pointentry",
                    "action",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=models.DO_NOTHING,
                        related_name="entries",
                        to="scoring.pointaction",
                        verbose_name="point action",
                    ),
                    preserve_default=False,
                ),
                migrations.AddField(
                    "pointentry",
                    "version",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=models.DO_NOTHING,
                        related_name="entries",
                        to="scoring.pointactionversion",
                        verbose_name="version",
                    ),
                    preserve_default=False,
                ),
            ]
        )
    ]
