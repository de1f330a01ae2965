"""Commands speak the language of the terminal they are typed in."""

import os
import subprocess
import sys
from urllib.parse import urlsplit

import pytest
from django.db import connection

from config.terminal import LOCALES, language


@pytest.mark.parametrize(
    ("environment", "spoken"),
    [
        ({"LANG": "en_GB.UTF-8"}, "en"),
        ({"LANG": "en"}, "en"),
        ({"LANG": "en_GB.UTF-8", "LC_ALL": "fr_CA@euro"}, "fr"),
        ({"LANG": "en_GB.UTF-8", "LC_MESSAGES": "fr_FR.UTF-8"}, "fr"),
        ({"LANG": "en_GB.UTF-8", "LC_ALL": ""}, "en"),
        ({"LANG": "de_DE.UTF-8"}, "fr"),
        ({"LANG": "fra"}, "fr"),
        ({"LANG": "enm_GB"}, "fr"),
        ({"LANG": "fr_FR.UTF-8", "LC_ALL": "C.UTF-8"}, "en"),
        ({"LANG": "C"}, "en"),
        ({"LANG": "POSIX"}, "en"),
        ({}, "fr"),
    ],
)
def test_the_language_is_the_terminals_where_it_is_one_of_ours_else_the_instances(settings, environment, spoken):
    settings.LANGUAGE_CODE = "fr"

    assert language(environment) == spoken


def manage(*arguments, **environment):
    """What a command says on this test's database, in a terminal that says nothing else about its language."""
    plain = {name: value for name, value in os.environ.items() if name not in LOCALES}
    database = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}").geturl()
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        env={**plain, "DATABASE_URL": database, "PYTHONUTF8": "1", **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )
    return (done.stdout + done.stderr).strip().splitlines()[-1]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("command", "english", "french"),
    [
        (
            ["reconcile"],
            "0 contacts: ledger, scores and replay agree.",
            "0 contacts\xa0: le grand livre, les scores et le recalcul concordent.",
        ),
        (
            ["doctor"],
            "All is well: the rule doctor has found nothing.",
            "Tout va bien\xa0: le diagnostic des règles n’a rien trouvé.",
        ),
        (
            ["explain", "nobody@example.com"],
            "CommandError: There is no contact with the email nobody@example.com.",
            "CommandError: Aucun contact n’a l’e-mail nobody@example.com.",
        ),
    ],
)
def test_a_command_speaks_the_language_of_the_terminal(command, english, french):
    assert manage(*command, LANG="en_US.UTF-8", LANGUAGE_CODE="fr") == english
    assert manage(*command, LANG="fr_FR.UTF-8", LANGUAGE_CODE="en") == french
    assert manage(*command, LANG="C.UTF-8", LANGUAGE_CODE="fr") == english
    assert manage(*command, LANGUAGE_CODE="fr") == french
