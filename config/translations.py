"""The translation catalogues: compile them anywhere, and check that they say everything the code says.

python -m config.translations            compile what has changed (needs no gettext tools)
python -m config.translations --update   bring the catalogues up to the code (needs xgettext)
python -m config.translations --check    fail when a text is missing, unclear or no longer used (needs xgettext)
"""

import os
import re
import shutil
import sys
from pathlib import Path

import polib

FOLDER = Path(__file__).resolve().parent / "locale"
BREAKS = re.compile(r" [:;!?»](?=\s|$)|« ")  # French sets a space there, but one that never breaks the line
THEME = FOLDER.with_name("locale_unfold")  # the admin theme's own texts, which it ships in English only


def compile_all() -> None:
    """Write each catalogue's .mo, unless it is newer than its .po; a reader never sees half a file."""
    for source in [*catalogues(), *THEME.glob("*/LC_MESSAGES/*.po")]:
        target = source.with_suffix(".mo")
        if not target.exists() or target.stat().st_mtime <= source.stat().st_mtime:
            draft = source.with_suffix(f".mo.{os.getpid()}")
            polib.pofile(str(source)).save_as_mofile(str(draft))
            draft.replace(target)


def catalogues() -> list[Path]:
    return sorted(FOLDER.glob("*/LC_MESSAGES/*.po"))


def update() -> None:
    """Run makemessages; the order of the texts is the code's, and no line numbers make noise in diffs."""
    if not shutil.which("xgettext"):
        raise SystemExit("This needs xgettext: install it (Debian: apt-get install gettext).")
    from django.core.management import ManagementUtility
    from django.core.management.commands.makemessages import Command

    # `_` is the lazy one; where a text is needed at once, `gettext` is imported as `_g`.
    Command.xgettext_options = [*Command.xgettext_options, "--keyword=_g", "--keyword=counted:1,2"]
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    (FOLDER / "fr").mkdir(parents=True, exist_ok=True)
    options = ["--locale", "fr", "--no-obsolete", "--add-location", "file", "--no-wrap", "-v", "0"]
    ignored = [part for name in (".venv", "var", "tests") for part in ("--ignore", name)]
    ManagementUtility(["manage.py", "makemessages", *options, *ignored]).execute()


def problems() -> list[str]:
    """What is wrong with the catalogues; they are left as they were."""
    before = {path: path.read_bytes() for path in catalogues()}
    known = {path: ids(path) for path in before}
    update()
    found = []
    for path in catalogues():
        language = path.parent.parent.name
        now, then = ids(path), known.get(path, set())
        found += [f"{language}: the catalogue lacks {text!r}" for text in sorted(now - then)]
        found += [f"{language}: nothing says {text!r} any more" for text in sorted(then - now)]
        if path in before:
            path.write_bytes(before[path])
            found += [
                f"{language}: not translated: {entry.msgid!r}" for entry in unfinished(path) if entry.msgid in now
            ]
            found += [f"{language}: a space that breaks: {text!r}" for text in breaking(path)]
        else:
            path.unlink()
    return found


def ids(path: Path) -> set[str]:
    return {entry.msgid for entry in polib.pofile(str(path)) if not entry.obsolete}


def unfinished(path: Path) -> list[polib.POEntry]:
    return [
        entry for entry in polib.pofile(str(path)) if not entry.obsolete and (entry.fuzzy or not entry.translated())
    ]


def breaking(path: Path) -> list[str]:
    """Translations in which a line may end before its colon, or after an opening quotation mark."""
    texts = [text for entry in polib.pofile(str(path)) for text in (entry.msgstr, *entry.msgstr_plural.values())]
    return [text for text in texts if BREAKS.search(text)]


def main(arguments: list[str]) -> None:
    if arguments == ["--update"]:
        update()
    elif arguments == ["--check"]:
        if found := problems():
            print(*found, sep="\n")
            raise SystemExit(f"{len(found)} problems with the translations: run `make messages`, then translate.")
        print("The translations are complete.")
    elif arguments:
        raise SystemExit(__doc__)
    else:
        compile_all()


if __name__ == "__main__":
    main(sys.argv[1:])
