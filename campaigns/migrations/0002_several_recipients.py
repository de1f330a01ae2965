from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0001_initial")]
    operations = [
        migrations.AlterField("message", "recipient", models.CharField(max_length=2000, verbose_name="to")),
    ]
