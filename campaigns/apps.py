from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _


class CampaignsConfig(AppConfig):
    name = "campaigns"
    verbose_name = _("Campaigns")

    def ready(self) -> None:
        """Types register once the models are loaded: ours first, then those other apps ship."""
        from campaigns import actions, doctor, publishing, steps  # noqa: F401
        from campaigns.steps import act

        autodiscover_modules("trigger_actions", "campaign_steps")
        act.offer_actions()
