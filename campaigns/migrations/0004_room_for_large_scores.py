"""Scores have room for whatever points and weights come to; windows lie within the calendar."""

import datetime

import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0003_firings_of_publications"),
    ]

    operations = [
        migrations.AlterField(
            model_name="firing",
            name="after",
            field=models.DecimalField(decimal_places=2, max_digits=20, verbose_name="score after"),
        ),
        migrations.AlterField(
            model_name="firing",
            name="before",
            field=models.DecimalField(decimal_places=2, max_digits=20, verbose_name="score before"),
        ),
        migrations.AlterField(
            model_name="trigger",
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
            model_name="trigger",
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
    ]
