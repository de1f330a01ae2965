"""The folders of a world: who may use one, where its sockets are, and what the machine may refuse about it."""

import contextlib
import errno
import fcntl
import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path

VAR = Path(__file__).resolve().parents[2] / "var"
LONGEST_SOCKET_FOLDER = 85  # a socket's path may have 104 bytes (108 on Linux), its name takes 14


class AlreadyRunning(SystemExit):
    """Somebody else's servers run on this folder."""


@contextlib.contextmanager
def hold(root: Path) -> Iterator[Path]:
    """Keep `root` to ourselves: a second start would take over the sockets of the first. Yields the lock's path."""
    root.mkdir(parents=True, exist_ok=True)
    path = root / "lock"
    with path.open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning(
                f"Bareme is already running on {root}: stop it first, with Ctrl-C where it runs."
            ) from None
        yield path


def socket_folder(root: Path) -> Path:
    """`root/run`; a private folder in /tmp where that is too long for a socket, or odd inside an address."""
    folder = root / "run"
    if len(os.fsencode(folder)) > LONGEST_SOCKET_FOLDER or not re.fullmatch(r"[\w/.-]+", str(folder), re.ASCII):
        digest = hashlib.sha256(os.fsencode(root)).hexdigest()[:12]
        folder = Path("/tmp", f"bareme-{os.geteuid()}-{digest}")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if os.geteuid() not in (0, folder.stat().st_uid) or folder.is_symlink():
        raise SystemExit(f"{folder} belongs to somebody else: remove it.")
    return folder


def explain(error: OSError) -> str:
    """The sentence for what the machine itself refuses."""
    where = error.filename or VAR
    if error.errno == errno.ENOSPC:
        return f"The disk is full ({where}): free some space and try again."
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"{where} may not be written by this user: take it over with chown, or remove it."
    return f"{error.strerror or error} ({where})."
