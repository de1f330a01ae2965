"""Who may put the draft into force is a permission of its own."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("scoring", "0010_keep_back_tests")]

    operations = [
        migrations.AlterModelOptions(
            name="publication",
            options={
                "ordering": ["-id"],
                "permissions": [("publish_publication", "Can publish the draft and roll publications back")],
                "verbose_name": "publication",
                "verbose_name_plural": "publications",
            },
        ),
    ]
