"""The local mail server keeps what was really sent."""

import email
import email.policy
import smtplib
import socket
import subprocess
import sys
import time

import pytest

from config import mailcatcher


@pytest.fixture
def port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


@pytest.fixture
def catcher(port, tmp_path):
    command = [sys.executable, "-u", "-m", "config.mailcatcher", "--port", str(port), "--folder", str(tmp_path)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline().startswith("listening on")
    yield process
    process.terminate()
    process.wait(10)


def test_every_mail_becomes_a_file_and_a_line(catcher, port, tmp_path):
    sent = "Subject: =?utf-8?q?Bient=C3=B4t?=\r\nFrom: a@example.com\r\n\r\nBonjour\r\n"

    with smtplib.SMTP("127.0.0.1", port) as client:
        client.sendmail("a@example.com", ["b@example.com", "hidden@example.com"], sent)

    (path,) = tmp_path.glob("*.eml")
    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    assert message.get_all("Delivered-To") == ["b@example.com", "hidden@example.com"]
    assert path.read_bytes().endswith(sent.encode())
    assert catcher.stdout.readline() == f"{path.name} to b@example.com, hidden@example.com: Bientôt\n"


def test_a_port_in_use_is_named(catcher, port, tmp_path):
    second = [sys.executable, "-m", "config.mailcatcher", "--port", str(port), "--folder", str(tmp_path)]

    done = subprocess.run(second, capture_output=True, text=True)

    assert (done.returncode, done.stderr) == (
        1,
        f"The mail catcher cannot listen on port {port}: Address already in use.\n",
    )


def test_files_sort_by_time_and_hide_until_whole(tmp_path):
    first = mailcatcher.keep(tmp_path, ["a@example.com"], b"one")
    time.sleep(0.001)
    second = mailcatcher.keep(tmp_path, ["a@example.com"], b"two")

    assert sorted(tmp_path.iterdir()) == [first, second]
