"""The demo's French is set as French is: a space before : ; ! ? » and after «, which never breaks the line."""

import ast
import re
from pathlib import Path

import config.demo_world
from campaigns import sms
from config.demo_world.texts import TEXTS

WITHIN_TEXT = r"(?=\s|$|[<\"'.,)])"
BREAKING = re.compile(rf" [:;!?»]{WITHIN_TEXT}|« |\d (?:%|€){WITHIN_TEXT}")
UNSPACED = re.compile(r"«[^\s\xa0]|[^\s\xa0]»")


def literals():
    """Texts of the demo's world, with where they stand; not what modules and functions say of themselves."""
    for path in sorted(Path(config.demo_world.__file__).parent.glob("*.py")):
        tree = ast.parse(path.read_text())
        said = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in said:
                yield f"{path.name}:{node.lineno}", node.value


def test_no_french_text_of_the_demo_may_break_before_its_punctuation():
    bodies = {body for _name, body, _page in TEXTS.values()}
    found = [(where, text) for where, text in literals() if text not in bodies]

    assert [where for where, text in found if BREAKING.search(text) or UNSPACED.search(text)] == []
    assert sum("\xa0" in text for _where, text in found) > 50


def test_sms_keep_plain_spaces_which_their_alphabet_has():
    assert [key for key, (_name, body, _page) in TEXTS.items() if "\xa0" in body] == []
    assert (sms.length("Demain : oui").encoding, sms.length("Demain\xa0: oui").encoding) == ("GSM", "UCS-2")
