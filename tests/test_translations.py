"""Everything a person reads is in English and French, with the same things filled in."""

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

import polib
import pytest

from config.translations import THEME, breaking, catalogues

FILLED_IN = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w*\}|\{\{.*?\}\}")
APPS = ("config", "campaigns", "scoring", "tracking", "contacts")
MARKS = ("_", "_g", "gettext", "gettext_lazy", "ngettext", "ngettext_lazy", "counted")
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


def test_a_french_text_whose_line_may_begin_with_a_colon_is_found(tmp_path):
    set_right, breaks = "Erreur\xa0: «\xa0nom\xa0»", ["Erreur : nom", "« nom\xa0»", "Vraiment ?"]
    catalogue = polib.POFile()
    catalogue.extend(
        polib.POEntry(msgid=text, msgstr=text)
        for text in (set_right, "À 10:30, voir https://x.example/?a", *breaks[:2])
    )
    catalogue.append(polib.POEntry(msgid="one", msgid_plural="many", msgstr_plural={0: set_right, 1: breaks[2]}))
    catalogue.save(str(tmp_path / "django.po"))

    assert breaking(tmp_path / "django.po") == breaks


def test_every_text_is_where_xgettext_finds_it():
    """It reads no f-strings: a text named within one would be English in every language."""

    def within(tree):
        calls = (node for part in ast.walk(tree) if isinstance(part, ast.JoinedStr) for node in ast.walk(part))
        return [ast.unparse(one) for one in calls if isinstance(one, ast.Call) and ast.unparse(one.func) in MARKS]

    root = Path(__file__).resolve().parent.parent
    modules = [path for app in APPS for path in (root / app).rglob("*.py")]

    assert {str(path): found for path in modules if (found := within(ast.parse(path.read_text())))} == {}
    assert len(modules) > 300


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("xgettext"), reason="xgettext reads the code (Debian: apt-get install gettext)")
def test_the_catalogue_says_what_the_code_says_and_no_more():
    check = subprocess.run([sys.executable, "-m", "config.translations", "--check"], capture_output=True, text=True)

    assert (check.returncode, check.stdout) == (0, "The translations are complete.\n")
