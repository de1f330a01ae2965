"""`make demo` says in a sentence what keeps it from starting."""

import socket

import pytest

from config import demo, embedded, greeting


def test_a_port_in_use_is_named_before_anything_starts(monkeypatch, tmp_path):
    monkeypatch.setattr(demo, "VAR", tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(SystemExit, match=f"Port {port} is in use: choose another one"):
            demo.demo("127.0.0.1", port)

    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("text", ["0", "65536", "http", "-1"])
def test_a_port_that_is_none_is_refused(text, capsys):
    with pytest.raises(SystemExit):
        demo.parse(["--port", text])

    assert f"{text} is not a port" in capsys.readouterr().err


def test_mails_are_caught_elsewhere_when_their_port_is_taken_and_it_says_so(monkeypatch, capsys):
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken = server.getsockname()[1]
        monkeypatch.setattr(demo, "MAIL_PORT", taken)

        chosen = demo.choose_mail_port()

    assert taken < chosen < taken + 100
    assert f"port {taken} is in use, so mails are caught on port {chosen}" in capsys.readouterr().out


def test_mails_are_caught_on_the_usual_port_without_a_word(monkeypatch, capsys):
    with socket.create_server(("127.0.0.1", 0)) as server:
        free = server.getsockname()[1]
    monkeypatch.setattr(demo, "MAIL_PORT", free)

    assert demo.choose_mail_port() == free
    assert capsys.readouterr().out == ""


def test_reset_forgets_everything_unless_the_demo_runs(monkeypatch, tmp_path):
    monkeypatch.setattr(demo, "VAR", tmp_path)
    monkeypatch.delenv("DATABASE_URL")
    (tmp_path / "mail").mkdir()
    (tmp_path / "secret-key").write_text("secret")

    with embedded.hold(tmp_path), pytest.raises(SystemExit, match="already running"):
        demo.reset()
    assert demo.reset() == 0

    assert [path.name for path in tmp_path.iterdir()] == ["lock"]


def test_the_greeting_tells_where_to_go_and_who_to_be():
    text = greeting.text("http://localhost:8010", logins=True)

    assert "http://localhost:8010/admin/" in text
    assert "marketer, password marketer" in text
    assert "admin, password admin" in text
