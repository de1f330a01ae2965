"""manage.py: Django's commands, in the language of whoever types them."""

from __future__ import annotations

import os
from collections.abc import Mapping

from django.conf import settings
from django.core.management import BaseCommand, ManagementUtility
from django.utils import translation

PLAIN = ("C", "POSIX")  # the locale of machines: what programs say in it is English
LOCALES = ("LC_ALL", "LC_MESSAGES", "LANG")  # the first that is set counts, as for every program


class CommandLine(ManagementUtility):
    """Letters, mails and remarks have the language of their readers, as ever."""

    def fetch_command(self, subcommand: str) -> BaseCommand:
        if settings.configured:  # and set up: translations are there
            translation.activate(language(os.environ))
        return super().fetch_command(subcommand)


def language(environment: Mapping[str, str]) -> str:
    """That of the terminal where it is one of ours, English where it has none of its own, else the instance's."""
    locale = next((environment[name] for name in LOCALES if environment.get(name)), "")
    if locale.partition(".")[0] in PLAIN:
        return "en"
    code = locale[:2] if not locale[2:3].isalpha() else ""
    return code if code in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE
