"""Forms with a double opt-in say what is left to do, in words of their own."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tracking", "0014_answer_the_banner")]

    operations = [
        migrations.AddField(
            model_name="form",
            name="confirm_message",
            field=models.TextField(
                blank=True,
                help_text="After sending, beside the message or before the page or download. Left empty: to look into their "
                "mailbox.",
                max_length=1000,
                verbose_name="what they are told",
            ),
        ),
    ]
