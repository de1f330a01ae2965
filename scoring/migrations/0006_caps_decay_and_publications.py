"""Caps, half-lives and expiry; the history of the rules; drafts and publications."""

import datetime

import django.core.validators
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

# What stood before this history was kept: each version as it is, known since it came into force; groups, since ever.
FILL = """
UPDATE scoring_pointactionversion SET worth = points;
INSERT INTO scoring_validity (version_id, valid_from, valid_until, worth, known_from, known_until)
SELECT id, valid_from, valid_until, points, valid_from, timestamptz '9999-01-01 00:00Z' FROM scoring_pointactionversion
WHERE valid_from < valid_until;
INSERT INTO scoring_termsversion (group_id, number, weight, half_life_days, epoch, cap_period, known_from, known_until)
SELECT id, 1, weight, NULL, epoch, 'month', timestamptz '0001-01-01 00:00Z', timestamptz '9999-01-01 00:00Z' FROM scoring_pointgroup;
UPDATE scoring_pointgroup SET half_life_days = NULL;
"""

# What expires is looked for once a day; lines are updated in place, so their pages keep room.
TUNE = """
CREATE INDEX entry_expiring ON scoring_pointentry (expires_on) WHERE expires_on IS NOT NULL AND NOT is_expired;
"""
UNTUNE = "DROP INDEX entry_expiring"


class Migration(migrations.Migration):
    dependencies = [
        ("contacts", "0004_imports"),
        ("scoring", "0005_daily_sweeps"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Edit",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("type", models.CharField(max_length=30)),
                ("ref_id", models.BigIntegerField()),
                ("name", models.CharField(max_length=200, verbose_name="name")),
                ("before", models.JSONField(null=True)),
                ("after", models.JSONField(null=True)),
                ("at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="when")),
            ],
            options={
                "verbose_name": "edit",
                "verbose_name_plural": "edits",
                "ordering": ["id"],
            },
        ),
        migrations.CreateModel(
            name="Forecast",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("before", models.DecimalField(decimal_places=2, max_digits=14)),
                ("after", models.DecimalField(decimal_places=2, max_digits=14)),
            ],
        ),
        migrations.CreateModel(
            name="OverallScore",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "floor",
                    models.IntegerField(
                        blank=True,
                        help_text="The overall score never shows less than this.",
                        null=True,
                        verbose_name="lowest score",
                    ),
                ),
                (
                    "ceiling",
                    models.IntegerField(
                        blank=True,
                        help_text="The overall score never shows more than this.",
                        null=True,
                        verbose_name="highest score",
                    ),
                ),
            ],
            options={
                "verbose_name": "overall score",
                "verbose_name_plural": "overall score",
            },
        ),
        migrations.CreateModel(
            name="Publication",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("draft", "Draft"),
                            ("published", "Published"),
                            ("rolled_back", "Rolled back"),
                            ("discarded", "Discarded"),
                        ],
                        default="draft",
                        max_length=12,
                        verbose_name="state",
                    ),
                ),
                (
                    "scope",
                    models.CharField(
                        choices=[("from_now", "From now on"), ("past", "Also for the past")],
                        default="from_now",
                        max_length=10,
                        verbose_name="applies",
                    ),
                ),
                ("note", models.CharField(blank=True, max_length=300, verbose_name="note")),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="begun")),
                ("published_at", models.DateTimeField(null=True, verbose_name="published")),
            ],
            options={
                "verbose_name": "publication",
                "verbose_name_plural": "publications",
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="SweepContact",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ],
        ),
        migrations.CreateModel(
            name="TermsVersion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "weight",
                    models.DecimalField(
                        decimal_places=2,
                        default=1,
                        help_text="In the overall score. 0 leaves it out.",
                        max_digits=6,
                        verbose_name="weight",
                    ),
                ),
                (
                    "half_life_days",
                    models.PositiveIntegerField(
                        blank=True,
                        help_text="After this many days points are worth half. Left empty: points keep their worth.",
                        null=True,
                        verbose_name="half-life in days",
                    ),
                ),
                (
                    "floor",
                    models.IntegerField(
                        blank=True,
                        help_text="The score never shows less than this.",
                        null=True,
                        verbose_name="lowest score",
                    ),
                ),
                (
                    "ceiling",
                    models.IntegerField(
                        blank=True,
                        help_text="The score never shows more than this.",
                        null=True,
                        verbose_name="highest score",
                    ),
                ),
                (
                    "cap_points",
                    models.PositiveIntegerField(
                        blank=True,
                        help_text="Points that events can bring to this group. The earliest count, whichever rule gives them.",
                        null=True,
                        validators=[django.core.validators.MinValueValidator(1)],
                        verbose_name="at most",
                    ),
                ),
                (
                    "cap_period",
                    models.CharField(
                        choices=[("day", "a day"), ("week", "a week"), ("month", "a month"), ("ever", "ever")],
                        default="month",
                        max_length=5,
                        verbose_name="in",
                    ),
                ),
                ("number", models.PositiveIntegerField(verbose_name="version")),
                ("epoch", models.DateField(null=True)),
                ("known_from", models.DateTimeField(default=django.utils.timezone.now, verbose_name="in force from")),
                (
                    "known_until",
                    models.DateTimeField(
                        default=datetime.datetime(9999, 1, 1, 0, 0, tzinfo=datetime.UTC),
                        verbose_name="in force until",
                    ),
                ),
            ],
            options={
                "ordering": ["group", "-number"],
            },
        ),
        migrations.CreateModel(
            name="Turn",
            fields=[
                ("day", models.DateField(primary_key=True, serialize=False)),
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
        ),
        migrations.CreateModel(
            name="Validity",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("valid_from", models.DateTimeField()),
                ("valid_until", models.DateTimeField()),
                ("worth", models.IntegerField()),
                ("known_from", models.DateTimeField()),
                (
                    "known_until",
                    models.DateTimeField(default=datetime.datetime(9999, 1, 1, 0, 0, tzinfo=datetime.UTC)),
                ),
            ],
        ),
        migrations.RenameField(
            model_name="pointactionversion",
            old_name="cap",
            new_name="occurrence_cap",
        ),
        migrations.AddField(
            model_name="contactscore",
            name="forward",
            field=models.FloatField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="contactscore",
            name="swept",
            field=models.BigIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="pointaction",
            name="cap_amount",
            field=models.PositiveIntegerField(
                blank=True,
                help_text="Left empty: no limit. Where the limit leaves a choice, what happened first counts.",
                null=True,
                validators=[django.core.validators.MinValueValidator(1)],
                verbose_name="at most",
            ),
        ),
        migrations.AddField(
            model_name="pointaction",
            name="cap_per_object",
            field=models.BooleanField(default=False, verbose_name="for each object on its own"),
        ),
        migrations.AddField(
            model_name="pointaction",
            name="cap_period",
            field=models.CharField(
                choices=[("day", "a day"), ("week", "a week"), ("month", "a month"), ("ever", "ever")],
                default="ever",
                max_length=5,
                verbose_name="per",
            ),
        ),
        migrations.AddField(
            model_name="pointaction",
            name="cap_unit",
            field=models.CharField(
                choices=[("times", "times"), ("points", "points")],
                default="times",
                max_length=6,
                verbose_name="counted in",
            ),
        ),
        migrations.AddField(
            model_name="pointaction",
            name="expires_after_days",
            field=models.PositiveIntegerField(
                blank=True,
                help_text="Left empty: never. What has expired stays in the ledger and is worth nothing.",
                null=True,
                validators=[django.core.validators.MinValueValidator(1)],
                verbose_name="points expire after (days)",
            ),
        ),
        migrations.AddField(
            model_name="pointactionversion",
            name="cap_amount",
            field=models.PositiveIntegerField(
                blank=True,
                help_text="Left empty: no limit. Where the limit leaves a choice, what happened first counts.",
                null=True,
                validators=[django.core.validators.MinValueValidator(1)],
                verbose_name="at most",
            ),
        ),
        migrations.AddField(
            model_name="pointactionversion",
            name="cap_per_object",
            field=models.BooleanField(default=False, verbose_name="for each object on its own"),
        ),
        migrations.AddField(
            model_name="pointactionversion",
            name="cap_period",
            field=models.CharField(
                choices=[("day", "a day"), ("week", "a week"), ("month", "a month"), ("ever", "ever")],
                default="ever",
                max_length=5,
                verbose_name="per",
            ),
        ),
        migrations.AddField(
            model_name="pointactionversion",
            name="cap_unit",
            field=models.CharField(
                choices=[("times", "times"), ("points", "points")],
                default="times",
                max_length=6,
                verbose_name="counted in",
            ),
        ),
        migrations.AddField(
            model_name="pointactionversion",
            name="expires_after_days",
            field=models.PositiveIntegerField(
                blank=True,
                help_text="Left empty: never. What has expired stays in the ledger and is worth nothing.",
                null=True,
                validators=[django.core.validators.MinValueValidator(1)],
                verbose_name="points expire after (days)",
            ),
        ),
        migrations.AddField(
            model_name="pointactionversion",
            name="is_wide",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="pointactionversion",
            name="worth",
            field=models.IntegerField(default=0),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="pointentry",
            name="cut",
            field=models.IntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="pointentry",
            name="expires_on",
            field=models.DateField(null=True),
        ),
        migrations.AddField(
            model_name="pointentry",
            name="is_expired",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name="pointgroup",
            name="cap_period",
            field=models.CharField(
                choices=[("day", "a day"), ("week", "a week"), ("month", "a month"), ("ever", "ever")],
                default="month",
                max_length=5,
                verbose_name="in",
            ),
        ),
        migrations.AddField(
            model_name="pointgroup",
            name="cap_points",
            field=models.PositiveIntegerField(
                blank=True,
                help_text="Points that events can bring to this group. The earliest count, whichever rule gives them.",
                null=True,
                validators=[django.core.validators.MinValueValidator(1)],
                verbose_name="at most",
            ),
        ),
        migrations.AddField(
            model_name="pointgroup",
            name="ceiling",
            field=models.IntegerField(
                blank=True, help_text="The score never shows more than this.", null=True, verbose_name="highest score"
            ),
        ),
        migrations.AddField(
            model_name="pointgroup",
            name="epoch",
            field=models.DateField(default=django.utils.timezone.localdate, editable=False),
        ),
        migrations.AddField(
            model_name="pointgroup",
            name="floor",
            field=models.IntegerField(
                blank=True, help_text="The score never shows less than this.", null=True, verbose_name="lowest score"
            ),
        ),
        migrations.AddField(
            model_name="sweep",
            name="plan",
            field=models.JSONField(default=dict),
        ),
        migrations.AddField(
            model_name="sweep",
            name="total",
            field=models.PositiveIntegerField(null=True, verbose_name="contacts in all"),
        ),
        migrations.AlterField(
            model_name="pointgroup",
            name="half_life_days",
            field=models.PositiveIntegerField(
                blank=True,
                help_text="After this many days points are worth half. Left empty: points keep their worth.",
                null=True,
                verbose_name="half-life in days",
            ),
        ),
        migrations.AddIndex(
            model_name="contactscore",
            index=models.Index(
                condition=models.Q(("forward", 0), _negated=True), fields=["group", "-forward"], name="ranking_today"
            ),
        ),
        migrations.AddConstraint(
            model_name="pointgroup",
            constraint=models.CheckConstraint(
                condition=models.Q(("half_life_days__isnull", True), ("half_life_days__gte", 1), _connector="OR"),
                name="half_life_is_a_day_or_more",
            ),
        ),
        migrations.AddField(
            model_name="edit",
            name="author",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="edit",
            name="version",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="scoring.pointactionversion",
            ),
        ),
        migrations.AddField(
            model_name="forecast",
            name="contact",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="+", to="contacts.contact"
            ),
        ),
        migrations.AddField(
            model_name="forecast",
            name="group",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="scoring.pointgroup"
            ),
        ),
        migrations.AddConstraint(
            model_name="overallscore",
            constraint=models.CheckConstraint(condition=models.Q(("pk", 1)), name="one_overall_score"),
        ),
        migrations.AddField(
            model_name="publication",
            name="author",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="author",
            ),
        ),
        migrations.AddField(
            model_name="publication",
            name="rolled_back_by",
            field=models.OneToOneField(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="rolls_back",
                to="scoring.publication",
            ),
        ),
        migrations.AddField(
            model_name="forecast",
            name="publication",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="forecasts", to="scoring.publication"
            ),
        ),
        migrations.AddField(
            model_name="edit",
            name="publication",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="edits", to="scoring.publication"
            ),
        ),
        migrations.AddField(
            model_name="sweep",
            name="publication",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="sweeps", to="scoring.publication"
            ),
        ),
        migrations.AddField(
            model_name="sweepcontact",
            name="contact",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="contacts.contact",
            ),
        ),
        migrations.AddField(
            model_name="sweepcontact",
            name="sweep",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="contacts", to="scoring.sweep"
            ),
        ),
        migrations.AddField(
            model_name="termsversion",
            name="author",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="author",
            ),
        ),
        migrations.AddField(
            model_name="termsversion",
            name="group",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.CASCADE, related_name="versions", to="scoring.pointgroup"
            ),
        ),
        migrations.AddField(
            model_name="validity",
            name="version",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="validities", to="scoring.pointactionversion"
            ),
        ),
        migrations.AddConstraint(
            model_name="publication",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "draft")), fields=("state",), name="one_draft"
            ),
        ),
        migrations.AddConstraint(
            model_name="forecast",
            constraint=models.UniqueConstraint(
                fields=("publication", "contact", "group"), name="one_forecast_per_score", nulls_distinct=False
            ),
        ),
        migrations.AddConstraint(
            model_name="edit",
            constraint=models.UniqueConstraint(
                fields=("publication", "type", "ref_id"), name="one_edit_per_publication_and_row"
            ),
        ),
        migrations.AddConstraint(
            model_name="sweepcontact",
            constraint=models.UniqueConstraint(fields=("sweep", "contact"), name="one_contact_per_sweep"),
        ),
        migrations.AddConstraint(
            model_name="termsversion",
            constraint=models.UniqueConstraint(
                fields=("group", "number"), name="one_terms_version_per_number", nulls_distinct=False
            ),
        ),
        migrations.AddConstraint(
            model_name="termsversion",
            constraint=models.UniqueConstraint(
                condition=models.Q(("known_until", datetime.datetime(9999, 1, 1, 0, 0, tzinfo=datetime.UTC))),
                fields=("group",),
                name="one_current_terms_per_group",
                nulls_distinct=False,
            ),
        ),
        migrations.AddConstraint(
            model_name="validity",
            constraint=models.UniqueConstraint(
                condition=models.Q(("known_until", datetime.datetime(9999, 1, 1, 0, 0, tzinfo=datetime.UTC))),
                fields=("version",),
                name="one_current_validity_per_version",
            ),
        ),
        migrations.AddConstraint(
            model_name="pointgroup",
            constraint=models.CheckConstraint(
                condition=models.Q(("floor__isnull", True), ("floor__lte", 0), _connector="OR"),
                name="floor_is_not_above_zero",
                violation_error_message="The lowest score is zero or less.",
            ),
        ),
        migrations.AddConstraint(
            model_name="pointgroup",
            constraint=models.CheckConstraint(
                condition=models.Q(("ceiling__isnull", True), ("ceiling__gte", 0), _connector="OR"),
                name="ceiling_is_not_below_zero",
                violation_error_message="The highest score is zero or more.",
            ),
        ),
        migrations.AddConstraint(
            model_name="overallscore",
            constraint=models.CheckConstraint(
                condition=models.Q(("floor__isnull", True), ("floor__lte", 0), _connector="OR"),
                name="overall_floor_is_not_above_zero",
                violation_error_message="The lowest score is zero or less.",
            ),
        ),
        migrations.AddConstraint(
            model_name="overallscore",
            constraint=models.CheckConstraint(
                condition=models.Q(("ceiling__isnull", True), ("ceiling__gte", 0), _connector="OR"),
                name="overall_ceiling_is_not_below_zero",
                violation_error_message="The highest score is zero or more.",
            ),
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.RunSQL(TUNE, UNTUNE),
    ]
