"""Valkey on a folder: find its binary, start it, ask it."""

import contextlib
import signal
import socket
from pathlib import Path

from config.embedded.binaries import valkey_binary
from config.embedded.processes import Command, Log, Server, spawn, wait_for


def start_valkey(root: Path, sockets: Path, durable: bool) -> Server:
    data, path, log = root / "valkey", sockets / "valkey.sock", Log(root / "valkey.log")
    data.mkdir(exist_ok=True)
    with contextlib.suppress(OSError):  # as in stop_orphan
        ask_valkey(path, b"SHUTDOWN NOSAVE\r\n")
    options = {"port": 0, "unixsocket": path, "unixsocketperm": 700, "dir": data, "save": "", "daemonize": "no"}
    options |= {"appendonly": "yes" if durable else "no", "maxmemory-policy": "noeviction"}
    command: Command = [
        valkey_binary(),
        *(str(part) for name, value in options.items() for part in (f"--{name}", value)),
    ]
    process = spawn(command, log, signal.SIGTERM)
    try:
        wait_for(lambda: valkey_answers(path), process, "Valkey", log)
    except BaseException:
        Server(process, "", signal.SIGTERM).stop()
        raise
    return Server(process, f"unix://{path}?db=0", signal.SIGTERM)


def valkey_answers(path: Path) -> bool:
    try:
        return ask_valkey(path, b"PING\r\n").startswith(b"+PONG")
    except OSError:
        return False


def ask_valkey(path: Path, command: bytes) -> bytes:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(5)
        connection.connect(str(path))
        connection.sendall(command)
        return connection.recv(64)
