"""A kind for answers to the consent banner: it is in Python that kinds have names, the database notices nothing."""

from django.db import migrations, models

KINDS = [
    (1, "Email sent"),
    (2, "Email opened"),
    (3, "Link in an email clicked"),
    (4, "SMS sent"),
    (5, "Link in an SMS clicked"),
    (6, "Landing page visited"),
    (7, "Web page visited"),
    (8, "Form submitted"),
    (9, "Form answer given"),
    (10, "Asset downloaded"),
    (11, "Webinar registered"),
    (12, "Webinar attended"),
    (13, "Webinar missed"),
    (14, "Custom event"),
    (15, "Campaign started"),
    (16, "Campaign step reached"),
    (20, "Identified"),
    (21, "Unsubscribed"),
    (22, "Consent banner answered"),
    (30, "Contact created"),
    (31, "Contact changed"),
    (32, "Tag added"),
    (33, "Tag removed"),
    (34, "Segment entered"),
    (35, "Segment left"),
    (36, "Stage changed"),
    (37, "Consent changed"),
    (38, "Blocked"),
    (39, "Unblocked"),
]


class Migration(migrations.Migration):
    dependencies = [("tracking", "0013_count_days_of_what_went")]

    operations = [
        migrations.AlterField(
            model_name=name, name="kind", field=models.PositiveSmallIntegerField(choices=KINDS, **named)
        )
        for name, named in (("event", {"verbose_name": "what"}), ("hit", {"verbose_name": "what"}))
    ]
