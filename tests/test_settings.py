"""A missing or malformed variable is named in one sentence, by every program that starts."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from config.environment import Environment, broker

BIN = Path(sys.executable).parent
WELL = {
    "PATH": os.environ["PATH"],
    "ENV_FILE": "",
    "SECRET_KEY": "a-long-and-random-text-for-tests-that-nobody-else-knows-0123456789",
    "PUBLIC_URL": "https://bareme.example",
    "DATABASE_URL": "postgres://user:secret@host/bareme",
    "REDIS_URL": "redis://host",
    "EMAIL_URL": "smtp://host",
}


@pytest.mark.parametrize(
    "command",
    [
        [sys.executable, "manage.py", "migrate"],
        [BIN / "celery", "-A", "config", "worker"],
        [
            BIN / "granian",
            *["--interface", "wsgi", "--blocking-threads", "1", "--log-level", "critical", "config.wsgi:application"],
        ],
    ],
    ids=["manage.py", "celery", "granian"],
)
def test_every_program_names_the_missing_variable_and_ends(command):
    environment = {name: value for name, value in WELL.items() if name != "DATABASE_URL"}

    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30)

    assert done.returncode != 0
    assert [line for line in done.stderr.splitlines() if line] == [
        "DATABASE_URL is missing: set it to a PostgreSQL database, for example "
        "postgres://user:password@host:5432/bareme, or try `python -m config.embedded -- COMMAND` "
        "(.env.example describes every variable)."
    ]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "mysql://user:secret@host/bareme"),
        ("DATABASE_URL", "postgres://user:secret@host"),
        ("DATABASE_URL", "postgres://user:secret@host:port/bareme"),
        ("REDIS_URL", "http://secret"),
        ("REDIS_URL", "redis://host/secret"),
        ("REDIS_URL", "unix:///run/valkey.sock?db=secret"),
        ("PUBLIC_URL", "bareme.example"),
        ("PUBLIC_URL", "https://bareme example"),
        ("EMAIL_URL", "smtp://"),
        ("SMS_URL", "gopher://secret"),
        ("TIME_ZONE", "Mars/Olympus"),
        ("DEFAULT_COUNTRY", "France"),
        ("DEFAULT_FROM_EMAIL", "nobody"),
    ],
)
def test_a_malformed_variable_is_named_and_its_value_is_not_shown(monkeypatch, capsys, name, value):
    with pytest.raises(SystemExit) as stopped:
        settings_with(monkeypatch, {name: value})

    assert str(stopped.value).startswith(f"{name} is malformed: set it to ")
    assert "secret" not in str(stopped.value)


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("DEBUG", "ture", "DEBUG is malformed: set it to 1 or 0"),
        ("SECURE_HSTS_SECONDS", "-1", "SECURE_HSTS_SECONDS is malformed: set it to a whole number"),
        ("LOG_FORMAT", "xml", "LOG_FORMAT is malformed: set it to one of text, json"),
        ("LANGUAGE_CODE", "de", "LANGUAGE_CODE is malformed: set it to one of en, fr"),
        (
            "CONSENT_REQUIRED",
            "profiling,dreams",
            "CONSENT_REQUIRED has the unknown word 'dreams': choose from web_tracking,",
        ),
    ],
)
def test_a_wrong_choice_is_told_the_right_ones(monkeypatch, name, value, sentence):
    with pytest.raises(SystemExit, match=f"^{sentence}"):
        settings_with(monkeypatch, {name: value})


def test_consent_required_may_be_empty_and_has_a_careful_default(monkeypatch):
    assert settings_with(monkeypatch, {"CONSENT_REQUIRED": ""})["CONSENT_REQUIRED"] == []
    assert settings_with(monkeypatch, {})["CONSENT_REQUIRED"] == ["web_tracking", "email_tracking"]


def test_https_turns_the_safety_on_and_http_leaves_it_off(monkeypatch):
    names = ("SECURE_SSL_REDIRECT", "SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE")

    secure = settings_with(monkeypatch, {"PUBLIC_URL": "https://bareme.example/"})
    local = settings_with(monkeypatch, {"PUBLIC_URL": "http://localhost:8010"})

    assert [secure[name] for name in names] == [True, True, True]
    assert [local[name] for name in names] == [False, False, False]
    assert (secure["PUBLIC_URL"], secure["ALLOWED_HOSTS"]) == (
        "https://bareme.example",
        ["bareme.example", "localhost"],
    )


def test_the_address_of_a_database_may_bring_its_own_options(monkeypatch):
    url = "postgres://user:p%40ss@/bareme?host=/run/postgresql&connect_timeout=9"

    database = settings_with(monkeypatch, {"DATABASE_URL": url})["DATABASES"]["default"]

    assert (database["NAME"], database["PASSWORD"]) == ("bareme", "p@ss")
    assert database["OPTIONS"]["connect_timeout"] == 9
    assert "lock_timeout=30s" in database["OPTIONS"]["options"]


def test_celery_gets_its_own_spelling_of_a_socket():
    assert broker("unix:///run/valkey.sock?db=3") == "redis+socket:///run/valkey.sock?virtual_host=3"
    assert broker("rediss://user:secret@host:6380/1") == "rediss://user:secret@host:6380/1"


def test_the_env_file_fills_what_the_environment_lacks(monkeypatch, tmp_path):
    (tmp_path / "env").write_text("FROM_FILE=file\nFROM_BOTH=file\n")
    monkeypatch.setenv("ENV_FILE", str(tmp_path / "env"))
    monkeypatch.setenv("FROM_BOTH", "environment")
    monkeypatch.setenv("FROM_FILE", "removed at the end")
    monkeypatch.delenv("FROM_FILE")

    env = Environment(Path("ignored"))

    assert (env.text("FROM_FILE"), env.text("FROM_BOTH")) == ("file", "environment")


def test_an_env_file_that_is_named_must_be_there(monkeypatch):
    monkeypatch.setenv("ENV_FILE", "/no/such/file")

    with pytest.raises(SystemExit, match="^ENV_FILE names a file that is not there"):
        Environment(Path("ignored"))


def settings_with(monkeypatch, variables):
    """Run `settings.py` as a new process would, with exactly these variables and the well-formed others."""
    with monkeypatch.context() as patch:
        for name in (*os.environ,):
            patch.delenv(name)
        for name, value in {**WELL, **variables}.items():
            patch.setenv(name, value)
        path = Path("config/settings.py").resolve()
        module = {"__file__": str(path), "__name__": "settings_under_test"}
        exec(compile(path.read_text(), path, "exec"), module)
    return module


def test_no_host_but_our_own_is_answered_where_nothing_is_said_about_it():
    environment = {**WELL, "DEBUG": "1", "PUBLIC_URL": "http://localhost:8000"}
    code = "import config.settings as s, json; print(json.dumps(s.ALLOWED_HOSTS))"

    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=30)

    assert json.loads(done.stdout) == ["localhost", "localhost", ".localhost", "127.0.0.1", "[::1]"]


def test_the_example_and_the_docs_tell_of_every_variable_and_of_no_other():
    """ENV_FILE is read by `Environment` itself."""
    read = {"ENV_FILE", *re.findall(r"env\.\w+\([\"']([A-Z_]+)[\"']", Path("config/settings.py").read_text())}
    example = set(re.findall(r"^#?([A-Z_]+)=", Path(".env.example").read_text(), re.MULTILINE))
    docs = set(re.findall(r"^\| `([A-Z_]+)` \|", Path("docs/operations.md").read_text(), re.MULTILINE))

    assert (example - read, read - example) == (set(), set())
    assert (docs - read, read - docs) == (set(), set())
