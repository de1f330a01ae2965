"""The command line: run a command with the servers, pass signals on to it, return its exit code."""

import argparse
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import FrameType

from config import embedded
from config.embedded import VAR, explain, join_or_start, leave_on_signals, read_env_file, throwaway
from config.unprivileged import die_with_parent


def main(arguments: list[str]) -> int:
    options = parse(arguments)
    leave_on_signals()
    try:
        if not options.throwaway:
            read_env_file()
        with throwaway() if options.throwaway else join_or_start(VAR) as extra:
            return run(options.command, {**os.environ, **extra})
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except OSError as error:
        raise SystemExit(explain(error)) from None


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m config.embedded", description=(embedded.__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--throwaway", action="store_true", help="use temporary data, removed afterwards")
    parser.add_argument("command", nargs="+", metavar="-- COMMAND", help="what to run with the servers")
    return parser.parse_args(arguments)


def run(command: list[str], environment: Mapping[str, str]) -> int:
    """Run the command to its end, pass signals on, return its exit code."""
    stoppers = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
    die = die_with_parent(signal.SIGTERM)
    signal.pthread_sigmask(signal.SIG_BLOCK, stoppers)
    try:
        child = subprocess.Popen(
            command,
            env=environment,
            preexec_fn=lambda: (signal.pthread_sigmask(signal.SIG_UNBLOCK, stoppers), die()),
        )
    except FileNotFoundError:
        raise SystemExit(f"There is no command {command[0]}.") from None

    def pass_on(number: int, frame: FrameType | None) -> None:
        if number != signal.SIGINT or not at_the_terminal():  # Ctrl-C has reached the child already
            child.send_signal(number)

    for number in stoppers:
        signal.signal(number, pass_on)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, stoppers)
    code = child.wait()
    return code if code >= 0 else 128 - code


def at_the_terminal() -> bool:
    """Are we in the terminal's foreground, where Ctrl-C reaches every process of the group?"""
    try:
        with Path("/dev/tty").open() as terminal:
            return os.tcgetpgrp(terminal.fileno()) == os.getpgrp()
    except OSError:
        return False


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
