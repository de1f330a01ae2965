"""Today's scores are read from the index alone, contacts included: fifty thousand of them in milliseconds."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("scoring", "0016_set_aside")]
    operations = [
        migrations.RemoveIndex(
            model_name="contactscore",
            name="ranking_today",
        ),
        migrations.AddIndex(
            model_name="contactscore",
            index=models.Index(
                condition=models.Q(("forward", 0), _negated=True),
                fields=["group", "-forward", "contact"],
                name="ranking_today",
            ),
        ),
    ]
