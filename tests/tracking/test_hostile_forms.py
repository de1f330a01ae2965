"""Forms under attack: huge, wrong, unknown and dangerous posts, and marketers who write HTML everywhere."""

import io
import random

import pytest

from tests.factories import FormFactory, FormFieldFactory, UserFactory
from tests.tracking.test_admin import add_form
from tracking.models import FormField, HeldSubmission, Hit, Upload
from tracking.views.drawing import plain_html

EVIL = "\"'></script></textarea><script>alert(1)</script><img src=x onerror=alert(1)>{{7*7}}{% debug %}\u2028"
JSON = {"accept": "application/json"}


@pytest.fixture
def evil(db):
    form = FormFactory(name=EVIL, title=EVIL, description=EVIL, button=EVIL[:60], thank_you_message=EVIL)
    for number, type_ in enumerate(FormField.Type.values):
        FormFieldFactory(
            form=form,
            key=f"f{number}",
            type=type_,
            label=EVIL,
            help_text=EVIL,
            placeholder=EVIL[:120],
            default=EVIL,
            choices=[EVIL],
            depends_on="f0" if number else "",
            depends_how="is_not",
            depends_values=[EVIL],
            options={"kinds": [EVIL], "minimum": EVIL, "maximum": EVIL, "megabytes": EVIL, "parameter": EVIL},
        )
    return form


def elements(tree):
    """The names and attributes of what a script is told to build."""
    yield tree[0], tree[1]
    for child in tree[2:]:
        if not isinstance(child, str):
            yield from elements(child)


def test_html_in_every_text_of_a_form_stays_text_in_every_way_to_embed_it(client, evil):
    pages = [client.get(f"/f/{evil.public_id}").text, plain_html(evil)]

    for page in pages:
        assert ("<script>alert" in page, "<img src=x" in page, "49" in page.partition("<form")[2]) == (False,) * 3
    drawn = client.get(f"/f/{evil.public_id}?visitor=x", headers=JSON).json()["form"]
    assert {name for name, _attributes in elements(drawn)} & {"script", "img"} == set()
    assert [name for _name, attributes in elements(drawn) for name in attributes if name.startswith("on")] == []
    script = client.get(f"/f/{evil.public_id}.js").text
    assert ("<" in script.partition("(window, document, {")[2], "\u2028" in script) == (False, False)


def test_html_in_answers_stays_text_for_staff(client, form, nonce):
    FormFieldFactory(form=form, key="x", type="textarea", label=EVIL)
    client.post(
        f"/f/{form.public_id}", {"bareme_nonce": nonce(form), "email": "a@b.example", "x": EVIL, "bareme_fax": EVIL}
    )
    client.force_login(UserFactory(is_superuser=True))
    row = HeldSubmission.objects.get()

    for path in ("", f"{row.pk}/change/"):
        assert "<script>alert" not in client.get(f"/admin/tracking/heldsubmission/{path}").text


def test_html_in_a_form_stays_text_in_the_builder_and_its_preview(client, db):
    client.force_login(UserFactory(is_superuser=True))
    row = {"label": EVIL, "key": "x", "type": "radio", "choices": EVIL, "help_text": EVIL[:200]}

    assert add_form(client, row, name=EVIL[:150], title=EVIL).status_code == 302
    from tracking.models import Form

    text = client.get(f"/admin/tracking/form/{Form.objects.get().pk}/change/").text
    preview = client.post(
        "/admin/tracking/form/preview/", {"title": EVIL, "fields-TOTAL_FORMS": "1", "fields-0-label": EVIL}
    ).text
    assert ("<script>alert" in text, "<script>alert" in preview) == (False, False)


def test_ten_thousand_choices_are_drawn_and_checked_in_time(client, db, nonce, recorded):
    form = FormFactory()
    FormFieldFactory(form=form, key="x", type="checkboxes", choices=[str(n) for n in range(10_000)])

    assert client.get(f"/f/{form.public_id}").status_code == 200
    many = client.post(f"/f/{form.public_id}", {"bareme_nonce": nonce(form), "x": [str(n) for n in range(900)]})
    more = client.post(f"/f/{form.public_id}", {"bareme_nonce": nonce(form), "x": [str(n) for n in range(10_000)]})

    assert (many.status_code, more.status_code) == (303, 413)  # the second is larger than a form without files may be
    assert len(recorded("data")[0]["data"]["answers"]["x"]) == 900


def test_unknown_fields_are_not_kept_and_reserved_ones_do_nothing(client, form, nonce, recorded):
    values = {"bareme_nonce": nonce(form), "email": "a@b.example", "is_admin": "1", "bareme_x": "1", "__proto__": "x"}
    client.post(f"/f/{form.public_id}", values)

    assert recorded("data")[0]["data"]["answers"] == {"email": "a@b.example"}


def named(name, content):
    file = io.BytesIO(content)
    file.name = name
    return file


def junk(chance):
    kinds = [
        lambda: "",
        lambda: "x" * chance.choice([1, 501, 5001, 60_000]),
        lambda: chance.choice(["\x00", "\ud7ff", "\uffff", "é" * 99, "٣", "1e400", "-0", "NaN", "2026-13-41", "25:61"]),
        lambda: named(chance.choice(["", "../x", "a\x00b", "é" * 400, "con", "x.svg"]), chance.randbytes(99)),
        lambda: [chance.choice(["Red", "on", "\x00"]) for _ in range(chance.randint(0, 30))],
        lambda: chance.choice(
            ["https://[::1", "javascript:1", "//x", "http://a:99999/", "https://a.example/?" + "&" * 999]
        ),
    ]
    return chance.choice(kinds)()


@pytest.mark.slow
def test_whatever_is_posted_nothing_breaks(client, db, nonce, settings, monkeypatch, upload_root):
    """five hundred random posts to a form with everything: an answer below 500, and no file left of what was refused."""
    settings.FORM_POSTS_PER_NETWORK = 0
    monkeypatch.setattr("tracking.crowding.MAX_REFUSED", 500)
    chance = random.Random(7)
    form = FormFactory(leave_out_known=True, ask_at_most=2)
    for number, type_ in enumerate(FormField.Type.values):
        FormFieldFactory(
            form=form,
            key=f"f{number}",
            type=type_,
            choices=["Red"],
            position=number,
            depends_on=f"f{number - 3}",
            depends_how=chance.choice(FormField.Depends.values),
            depends_values=["Red", "on"],
            contact_field=chance.choice(["", "email", "first_name"]),
            options={"parameter": "a"},
        )
    names = [f"f{number}" for number in range(len(FormField.Type.values))]
    names += ["bareme_page", "bareme_visitor", "bareme_work", "bareme_fax", "bareme_token", "bareme_nonce"]
    statuses = set()
    for _ in range(300):
        values = {name: junk(chance) for name in chance.sample(names, chance.randint(0, 12))}
        if chance.random() < 0.8:
            values["bareme_nonce"] = nonce(form)
        path = f"/f/{form.public_id}" + chance.choice(["", "?embed=1", "?visitor=x", "?sent=%00", "?a=%00%ff"])
        response = client.post(path, values, headers=chance.choice([JSON, {}]))
        statuses.add(response.status_code)

    assert statuses <= {200, 303, 400, 413, 422}
    assert {200, 422} <= statuses
    kept = sum(path.is_file() for path in upload_root.rglob("*"))
    assert (kept, Hit.objects.exists()) == (Upload.objects.count(), True)
