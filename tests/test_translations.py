"""Everything a person reads is in English and French, with the same things filled in."""

import re
import shutil
import subprocess
import sys

import polib
import pytest

from config.translations import THEME, catalogues

FILLED_IN = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w*\}|\{\{.*?\}\}")
PATHS = [*catalogues(), *THEME.glob("*/LC_MESSAGES/*.po")]


def texts(entry):
    return list(entry.msgstr_plural.values()) or [entry.msgstr]


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.parts[-4])
def test_no_text_is_left_untranslated_or_guessed(path):
    entries = [entry for entry in polib.pofile(str(path)) if not entry.obsolete]

    assert [entry.msgid for entry in entries if entry.fuzzy or not all(texts(entry))] == []
    assert len(entries) > 50


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.parts[-4])
def test_a_translation_fills_in_what_the_text_fills_in(path):
    def differs(entry):
        allowed = set(FILLED_IN.findall(entry.msgid + entry.msgid_plural))
        needed = set(FILLED_IN.findall(entry.msgid_plural or entry.msgid))
        return any(not set(FILLED_IN.findall(text)) <= allowed for text in texts(entry)) or not needed <= set(
            FILLED_IN.findall(texts(entry)[-1])
        )

    assert [entry.msgid for entry in polib.pofile(str(path)) if "%" in entry.msgid and differs(entry)] == []


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("xgettext"), reason="xgettext reads the code (Debian: apt-get install gettext)")
def test_the_catalogue_says_what_the_code_says_and_no_more():
    check = subprocess.run([sys.executable, "-m", "config.translations", "--check"], capture_output=True, text=True)

    assert (check.returncode, check.stdout) == (0, "The translations are complete.\n")
