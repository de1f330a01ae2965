"""HTML as a tree: the same elements, attributes and texts, in their order."""

import pytest

from tracking.markup import tree


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<p>a &lt;b&gt; &amp; c</p>\n", ["p", {}, "a <b> & c"]),
        ('<form action="/?a=1&amp;b=2" novalidate></form>', ["form", {"action": "/?a=1&b=2", "novalidate": ""}]),
        (
            '<p><input name="a"><br><b>x</b> y</p>',
            ["p", {}, ["input", {"name": "a"}], ["br", {}], ["b", {}, "x"], " y"],
        ),
        ('<p><input name="a"/>x</p>', ["p", {}, ["input", {"name": "a"}], "x"]),
        ("<textarea>\n\nan\r\nempty line first</textarea>", ["textarea", {}, "\nan\nempty line first"]),
        ("<textarea>\n</textarea>", ["textarea", {}]),
        ("<p>\n</p>", ["p", {}, "\n"]),
        (
            "<select><option selected>&quot;a&quot;</option></select>",
            ["select", {}, ["option", {"selected": ""}, '"a"']],
        ),
    ],
)
def test_markup_becomes_a_tree(html, expected):
    assert tree(html) == expected
