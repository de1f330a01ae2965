"""`make demo` says in a sentence what keeps it from starting; what is killed is started again."""

import os
import re
import signal
import socket
import subprocess
import sys

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


TOGETHER = """
import os, sys
from config import demo
sleeper = [sys.executable, "-c", "import os, time; print('I am', os.getpid(), flush=True); time.sleep(60)"]
sys.exit(demo.run_together({parts}, {{**os.environ, "PUBLIC_URL": "http://localhost"}}, 1))
"""


def together(parts):
    command = [sys.executable, "-c", TOGETHER.format(parts=parts)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def pid_told(process):
    for line in process.stdout:
        if found := re.search(r"I am (\d+)", line):
            return int(found[1])


def test_a_process_that_is_killed_is_started_again_and_told_to_stop_with_the_rest():
    demonstration = together("{'web': sleeper}")
    pids = [pid_told(demonstration)]
    for _time in range(2):
        os.kill(pids[-1], signal.SIGKILL)
        pids.append(pid_told(demonstration))
    demonstration.send_signal(signal.SIGTERM)
    said = demonstration.communicate(timeout=20)[0]

    assert len({*pids}) == 3
    assert (demonstration.returncode, "stopped; the data stay in var/" in said) == (0, True)
    with pytest.raises(ProcessLookupError):
        os.kill(pids[-1], 0)


def test_a_process_that_ends_by_itself_ends_the_demo():
    demonstration = together("{'web': sleeper, 'worker': [sys.executable, '-c', 'exit(3)']}")
    said = demonstration.communicate(timeout=20)[0]

    assert demonstration.returncode == 1
    assert "one of the processes ended by itself, so all were stopped" in said
