"""Events keep what verdicts are made from and why they are what they are; programs and networks have a row each."""

import django.contrib.postgres.indexes
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

# At once, however many events there are: the columns are empty, and it costs nothing to keep them so.
FORWARD = "ALTER TABLE tracking_event ADD agent_id bigint, ADD network_id bigint, ADD signs smallint, ADD reasons int"
BACKWARD = "ALTER TABLE tracking_event DROP agent_id, DROP network_id, DROP signs, DROP reasons"


class Migration(migrations.Migration):
    dependencies = [
        ("contacts", "0002_record_changes"),
        ("tracking", "0008_ties_and_kiosks"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.CreateModel(
            name="Agent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("text", models.CharField(max_length=500, unique=True, verbose_name="browser or program")),
                ("reasons", models.IntegerField(default=0)),
                ("first_seen_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="first seen")),
            ],
            options={
                "verbose_name": "browser or program",
                "verbose_name_plural": "browsers and programs",
            },
        ),
        migrations.AlterField(
            model_name="subject",
            name="type",
            field=models.CharField(
                choices=[
                    ("email", "Email"),
                    ("sms", "SMS"),
                    ("link", "Link"),
                    ("hidden_link", "Hidden link"),
                    ("page", "Web page"),
                    ("landing_page", "Landing page"),
                    ("form", "Form"),
                    ("answer", "Form answer"),
                    ("asset", "Asset"),
                    ("webinar", "Webinar"),
                    ("custom", "Custom event"),
                    ("campaign", "Campaign"),
                    ("step", "Campaign step"),
                    ("tag", "Tag"),
                    ("segment", "Segment"),
                    ("stage", "Stage"),
                ],
                max_length=20,
                verbose_name="type",
            ),
        ),
        migrations.CreateModel(
            name="Network",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("address", models.GenericIPAddressField(unique=True, verbose_name="network")),
                ("reasons", models.IntegerField(default=0)),
                ("first_seen_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="first seen")),
            ],
            options={
                "verbose_name": "network",
                "verbose_name_plural": "networks",
                "indexes": [
                    django.contrib.postgres.indexes.GistIndex(
                        django.contrib.postgres.indexes.OpClass(models.F("address"), name="inet_ops"),
                        name="network_by_range",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Mark",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "is_machine",
                    models.BooleanField(
                        choices=[(True, "A machine"), (False, "People")], default=True, verbose_name="verdict"
                    ),
                ),
                (
                    "network",
                    models.CharField(
                        blank=True,
                        help_text="Such as 203.0.113.0/24. The smallest is /24, for IPv6 /48.",
                        max_length=50,
                        verbose_name="network",
                    ),
                ),
                (
                    "scope",
                    models.CharField(
                        choices=[("from_now", "From now on"), ("past", "Also for the past")],
                        default="past",
                        max_length=10,
                        verbose_name="applies",
                    ),
                ),
                ("note", models.CharField(blank=True, max_length=300, verbose_name="note")),
                ("since", models.DateTimeField(editable=False, null=True, verbose_name="since")),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="marked"),
                ),
                ("undone_at", models.DateTimeField(editable=False, null=True, verbose_name="taken back")),
                (
                    "agent",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="marks",
                        to="tracking.agent",
                        verbose_name="browser or program",
                    ),
                ),
                (
                    "author",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="author",
                    ),
                ),
                (
                    "contact",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="marks",
                        to="contacts.contact",
                        verbose_name="contact",
                    ),
                ),
            ],
            options={
                "verbose_name": "mark",
                "verbose_name_plural": "machines",
                "ordering": ["-id"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("agent__isnull", True), ("contact__isnull", False), ("network", "")),
                            models.Q(("agent__isnull", False), ("contact__isnull", True), ("network", "")),
                            models.Q(
                                ("agent__isnull", True),
                                ("contact__isnull", True),
                                models.Q(("network", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="marks_one_thing",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("contact__isnull", False), ("undone_at", None)),
                        fields=("contact",),
                        name="one_mark_per_contact",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("agent__isnull", False), ("undone_at", None)),
                        fields=("agent",),
                        name="one_mark_per_agent",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("undone_at", None), models.Q(("network", ""), _negated=True)),
                        fields=("network",),
                        name="one_mark_per_network",
                    ),
                ],
            },
        ),
        migrations.RunSQL(
            FORWARD,
            BACKWARD,
            state_operations=[
                migrations.AddField(
                    model_name="event",
                    name="reasons",
                    field=models.IntegerField(null=True),
                ),
                migrations.AddField(
                    model_name="event",
                    name="signs",
                    field=models.PositiveSmallIntegerField(null=True),
                ),
                migrations.AddField(
                    model_name="event",
                    name="agent",
                    field=models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="tracking.agent",
                        verbose_name="browser or program",
                    ),
                ),
                migrations.AddField(
                    model_name="event",
                    name="network",
                    field=models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="tracking.network",
                        verbose_name="network",
                    ),
                ),
            ],
        ),
    ]
