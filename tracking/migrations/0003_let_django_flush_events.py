"""Django learns of the partitioned table of events, so that tests empty it like any other; the table stays as it is."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tracking", "0002_partition_events"), ("contacts", "0002_record_changes")]
    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AlterModelOptions("event", {"verbose_name": "event", "verbose_name_plural": "events"}),
                migrations.AddField(
                    "event",
                    "contact",
                    models.ForeignKey(
                        null=True,
                        db_constraint=False,
                        on_delete=models.DO_NOTHING,
                        related_name="events",
                        to="contacts.contact",
                        verbose_name="contact",
                    ),
                    preserve_default=False,
                ),
                migrations.AddField(
                    "event",
                    "subject",
                    models.ForeignKey(
                        null=True,
                        db_constraint=False,
                        on_delete=models.DO_NOTHING,
                        related_name="events",
                        to="tracking.subject",
                        verbose_name="about",
                    ),
                    preserve_default=False,
                ),
                migrations.AddField(
                    "event",
                    "visitor",
                    models.ForeignKey(
                        null=True,
                        db_constraint=False,
                        on_delete=models.DO_NOTHING,
                        related_name="events",
                        to="tracking.visitor",
                    ),
                    preserve_default=False,
                ),
            ]
        )
    ]
