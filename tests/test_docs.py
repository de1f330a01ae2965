"""What the documents name is there: files, headings, modules, functions, commands."""

from __future__ import annotations

import re
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest
from django.core.management import get_commands

ROOT = Path(__file__).parent.parent
DOCUMENTS = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]
PACKAGES = ("config", "campaigns", "scoring", "tracking", "contacts", "benchmarks", "tests", "templates")
MADE = ("var", "files", "data.html")  # by the program: not in the repository

LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)")
PATH = re.compile(
    r"`((?:[\w.-]+/)*[\w.-]+\.(?:py|md|html|css|js|toml|yaml|sql)|(?:[\w-]+/)+|(?:" + "|".join(PACKAGES) + r")/[\w/]+)`"
)
NAME = re.compile(r"`((?:" + "|".join(PACKAGES[:5]) + r")(?:\.[a-z_]\w*)+)(?:\(.*?\))?`")
TARGET = re.compile(r"(?:^ {4}|`)(?:\w+=\S+ )*make (?:-k )?([a-z][a-z-]*)", re.MULTILINE)
COMMAND = re.compile(r"(?:manage\.py |make manage ARGS=\"?)([a-z_]+)")


@pytest.fixture(params=DOCUMENTS, ids=lambda path: path.name)
def document(request):
    return request.param


def test_links_lead_to_a_file_and_to_a_heading_in_it(document):
    dead = [
        f"{path}#{heading}"
        for path, heading in LINK.findall(document.read_text())
        if not _leads(document, path, heading)
    ]

    assert dead == []


def test_files_and_folders_are_in_the_repository(document):
    paths = {path.rstrip("/") for path in PATH.findall(document.read_text())}

    assert {path for path in paths if path.split("/")[0] not in MADE and not _is_kept(path)} == set()


def test_modules_and_what_is_in_them_can_be_imported(document):
    assert [name for name in NAME.findall(document.read_text()) if not _is_defined(name)] == []


def test_commands_can_be_given(document):
    text = document.read_text()
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))

    assert set(TARGET.findall(text)) - targets == set()
    assert set(COMMAND.findall(text)) - set(get_commands()) == set()


def _leads(document, path, heading):
    file = document.parent / path if path else document
    return file.exists() and (not heading or heading in _headings(file))


@cache
def _headings(file):
    """As the pages of a repository address them."""
    titles = re.findall(r"^#+ (.+)$", file.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def _is_kept(path):
    """At the top, or, as a document of one package says it, anywhere in a package."""
    return (ROOT / path).exists() or any(any((ROOT / package).rglob(path)) for package in PACKAGES)


def _is_defined(name):
    module, _dot, attribute = name.rpartition(".")
    try:
        import_module(name)
    except ModuleNotFoundError:
        try:
            return hasattr(import_module(module), attribute)
        except ModuleNotFoundError:
            return False
    return True
