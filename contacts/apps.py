from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _


class ContactsConfig(AppConfig):
    name = "contacts"
    verbose_name = _("Contacts")

    def ready(self) -> None:
        from contacts import ordinals

        ordinals.install()
        # What the apps above bring: filters of behaviour and scores, panels and columns of the contact pages, parts of merges.
        from contacts.merging import lists  # noqa: F401 - registers the part of this app
        from contacts.privacy import own  # noqa: F401 - the same
        from contacts.privacy.retention import own as kinds  # noqa: F401 - the same

        autodiscover_modules("segment_filters", "panels", "contact_columns", "merging", "privacy", "retention")
