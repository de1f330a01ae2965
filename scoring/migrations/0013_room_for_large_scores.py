"""Scores have room for whatever points and weights come to; windows lie within the calendar."""

import datetime

import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("scoring", "0012_keep_the_day_of_profile_lines"),
    ]

    operations = [
        migrations.AlterField(
            model_name="adjustment",
            name="points",
            field=models.IntegerField(
                validators=[
                    django.core.validators.MinValueValidator(-1000000),
                    django.core.validators.MaxValueValidator(1000000),
                ],
                verbose_name="points",
            ),
        ),
        migrations.AlterField(
            model_name="contactscore",
            name="score",
            field=models.DecimalField(decimal_places=2, default=0, max_digits=20, verbose_name="score"),
        ),
        migrations.AlterField(
            model_name="forecast",
            name="after",
            field=models.DecimalField(decimal_places=2, max_digits=20),
        ),
        migrations.AlterField(
            model_name="forecast",
            name="before",
            field=models.DecimalField(decimal_places=2, max_digits=20),
        ),
        migrations.AlterField(
            model_name="pointaction",
            name="active_from",
            field=models.DateTimeField(
                blank=True,
                null=True,
                validators=[
                    django.core.validators.MinValueValidator(datetime.datetime(1900, 1, 1, 0, 0, tzinfo=datetime.UTC)),
                    django.core.validators.MaxValueValidator(datetime.datetime(2200, 1, 1, 0, 0, tzinfo=datetime.UTC)),
                ],
                verbose_name="from",
            ),
        ),
        migrations.AlterField(
            model_name="pointaction",
            name="active_until",
            field=models.DateTimeField(
                blank=True,
                null=True,
                validators=[
                    django.core.validators.MinValueValidator(datetime.datetime(1900, 1, 1, 0, 0, tzinfo=datetime.UTC)),
                    django.core.validators.MaxValueValidator(datetime.datetime(2200, 1, 1, 0, 0, tzinfo=datetime.UTC)),
                ],
                verbose_name="until",
            ),
        ),
        migrations.AlterField(
            model_name="pointactionversion",
            name="active_from",
            field=models.DateTimeField(
                blank=True,
                null=True,
                validators=[
                    django.core.validators.MinValueValidator(datetime.datetime(1900, 1, 1, 0, 0, tzinfo=datetime.UTC)),
                    django.core.validators.MaxValueValidator(datetime.datetime(2200, 1, 1, 0, 0, tzinfo=datetime.UTC)),
                ],
                verbose_name="from",
            ),
        ),
        migrations.AlterField(
            model_name="pointactionversion",
            name="active_until",
            field=models.DateTimeField(
                blank=True,
                null=True,
                validators=[
                    django.core.validators.MinValueValidator(datetime.datetime(1900, 1, 1, 0, 0, tzinfo=datetime.UTC)),
                    django.core.validators.MaxValueValidator(datetime.datetime(2200, 1, 1, 0, 0, tzinfo=datetime.UTC)),
                ],
                verbose_name="until",
            ),
        ),
        migrations.AlterField(
            model_name="pointgroup",
            name="weight",
            field=models.DecimalField(
                decimal_places=2,
                default=1,
                help_text="In the overall score. 0 leaves it out.",
                max_digits=6,
                validators=[
                    django.core.validators.MinValueValidator(0),
                    django.core.validators.MaxValueValidator(1000),
                ],
                verbose_name="weight",
            ),
        ),
        migrations.AlterField(
            model_name="termsversion",
            name="weight",
            field=models.DecimalField(
                decimal_places=2,
                default=1,
                help_text="In the overall score. 0 leaves it out.",
                max_digits=6,
                validators=[
                    django.core.validators.MinValueValidator(0),
                    django.core.validators.MaxValueValidator(1000),
                ],
                verbose_name="weight",
            ),
        ),
    ]
