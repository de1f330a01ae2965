"""The admin's side bar: the product in the order a marketer works, not in the order of our packages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _


def may(permission: str) -> Callable[[HttpRequest], bool]:
    return lambda request: request.user.has_perm(permission)


def page(title: Any, icon: str, model: str, view: str = "changelist") -> dict[str, Any]:
    """A side bar line to a model's page, for those who may see it."""
    app, name = model.split(".")
    return {
        "title": title,
        "icon": icon,
        "link": reverse_lazy(f"admin:{app}_{name}_{view}"),
        "permission": may(f"{app}.view_{name}"),
    }


SIDEBAR = {
    "show_search": False,
    "navigation": [
        {"items": [{"title": _("Overview"), "icon": "space_dashboard", "link": reverse_lazy("admin:index")}]},
        {
            "title": _("Audience"),
            "separator": True,
            "items": [
                page(_("Contacts"), "person", "contacts.contact"),
                page(_("Consents"), "fact_check", "contacts.consent"),
                page(_("Data requests"), "contact_page", "contacts.datarequest"),
                page(_("Erasures"), "person_off", "contacts.erasure"),
                page(_("Companies"), "apartment", "contacts.company"),
                page(_("Duplicates"), "merge", "contacts.duplicate"),
                page(_("Segments"), "groups", "contacts.segment"),
                page(_("Stages"), "filter_alt", "contacts.stage"),
                page(_("Tags"), "sell", "contacts.tag"),
                page(_("Custom fields"), "text_fields", "contacts.customfield"),
            ],
        },
        {
            "title": _("Scoring"),
            "separator": True,
            "items": [
                page(_("Leaderboards"), "leaderboard", "scoring.leaderboard", "board"),
                page(_("Point actions"), "add_circle", "scoring.pointaction"),
                page(_("Point groups"), "category", "scoring.pointgroup"),
                page(_("Draft and publications"), "published_with_changes", "scoring.publication"),
                {
                    "title": _("Rule doctor"),
                    "icon": "stethoscope",
                    "link": reverse_lazy("rule_doctor"),
                    "permission": may("scoring.view_pointaction"),
                },
                page(_("Ledger"), "receipt_long", "scoring.pointentry"),
                page(_("Adjustments"), "exposure", "scoring.adjustment"),
                page(_("Back-tests"), "science", "scoring.backtest"),
            ],
        },
        {
            "title": _("Automation"),
            "separator": True,
            "items": [
                page(_("Triggers"), "bolt", "campaigns.trigger"),
                page(_("Firings"), "notifications_active", "campaigns.firing"),
                page(_("Campaigns"), "account_tree", "campaigns.campaign"),
                page(_("Deliveries"), "outbox", "campaigns.delivery"),
                page(_("Sent messages"), "mark_email_read", "campaigns.message"),
            ],
        },
        {
            "title": _("Content"),
            "separator": True,
            "items": [
                page(_("Emails"), "mail", "campaigns.email"),
                page(_("SMS"), "sms", "campaigns.sms"),
                page(_("Forms"), "dynamic_form", "tracking.form"),
                page(_("Landing pages"), "web", "tracking.landingpage"),
                page(_("Tests of pages"), "science", "tracking.pagetest"),
                page(_("Assets"), "download", "tracking.asset"),
                page(_("Webinars"), "podcasts", "campaigns.webinar"),
            ],
        },
        {
            "title": _("Tracking"),
            "separator": True,
            "items": [
                page(_("Events"), "timeline", "tracking.event"),
                page(_("Submissions"), "assignment_turned_in", "tracking.formsubmission"),
                page(_("Confirmations"), "mark_email_read", "tracking.confirmation"),
                page(_("Held as spam"), "report", "tracking.heldsubmission"),
                page(_("Machines"), "smart_toy", "tracking.mark"),
                page(_("Inbox"), "inbox", "tracking.hit"),
                page(_("Outages"), "cloud_off", "tracking.outage"),
                page(_("Set aside"), "report", "scoring.setaside"),
                page(_("Install tracking"), "code", "tracking.event", "install"),
            ],
        },
        {
            "title": _("Settings"),
            "separator": True,
            "items": [
                page(_("Consent"), "privacy_tip", "contacts.consentpolicy"),
                page(_("Retention"), "auto_delete", "contacts.retentionpolicy"),
                page(_("Integrations"), "webhook", "campaigns.integration"),
                page(_("API keys"), "key", "tracking.apikey"),
                page(_("Users"), "manage_accounts", "auth.user"),
                page(_("User groups"), "shield_person", "auth.group"),
            ],
        },
    ],
}

UNFOLD = {
    "SITE_TITLE": "Bareme",
    "SITE_HEADER": "Bareme",
    "SITE_SUBHEADER": _("Scores you can explain"),
    "SITE_URL": None,  # there is no page for visitors at the root: "View site" would lead back to here
    "SITE_SYMBOL": "scoreboard",
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("scoring/favicon.svg")}],
    "STYLES": [lambda request: static("scoring/admin.css")],
    "SCRIPTS": [lambda request: static("contacts/lists.js")],
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_LANGUAGES": True,
    "DASHBOARD_CALLBACK": "config.dashboard.context",
    "SIDEBAR": SIDEBAR,
    "BORDER_RADIUS": "6px",
}
