"""How a server that refuses root runs all the same when we are root: nothing installed, no account made, no chmod.

PostgreSQL refuses user id 0. As root it therefore runs (1) in a user namespace that shows it an ordinary user while its
files stay root's, or, where containers forbid namespaces, (2) as `nobody`, who keeps one capability: to walk through
folders that are closed to others, such as /root.
"""

import ctypes
import os
import platform
import pwd
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

Preparation = Callable[[], object]
"""What a child process does to itself between fork and exec."""

LIBC = ctypes.CDLL(None, use_errno=True)
LINUX = platform.system() == "Linux"
CLONE_NEWUSER = 0x10000000
PR_SET_PDEATHSIG, PR_SET_KEEPCAPS, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE = 1, 8, 47, 2
CAPABILITY_VERSION_3, CAP_DAC_OVERRIDE = 0x20080522, 1


def die_with_parent(with_signal: signal.Signals) -> Preparation:
    """The child gets `with_signal` when its parent goes, kill -9 included. (Linux only; elsewhere it does nothing.)"""
    parent = os.getpid()

    def prepare() -> None:
        if LINUX:
            LIBC.prctl(PR_SET_PDEATHSIG, with_signal)
            if os.getppid() != parent:  # it went before we could ask
                os._exit(1)

    return prepare


def acceptable_to(server: Path, folder: Path) -> Preparation:
    """What a child must do so that PostgreSQL's `server` binary accepts to run and owns `folder`, which exists.

    Only root, and user ids without an account, need anything. The folder changes owner only in way (2).
    """
    me, owner = os.geteuid(), folder.stat().st_uid
    if me != 0 and _account(me):
        return lambda: None
    if owner == me and _works(in_user_namespace, server, folder):
        return in_user_namespace
    if me != 0:
        raise SystemExit(f"User id {me} has no account on this machine, which PostgreSQL needs: run as another user.")
    user = _account(owner) if owner else _nobody()
    if user is None:
        raise SystemExit(f"{folder} belongs to user id {owner}, which has no account on this machine.")
    _give(folder, user)
    become = _become(user)
    if not _works(become, server, folder):
        raise SystemExit(
            f"PostgreSQL refuses root, and the user {user.pw_name} cannot reach {server}: "
            "move the checkout out of a private folder, run as another user, or set DATABASE_URL."
        )
    return become


def in_user_namespace() -> None:
    """Become an ordinary user inside a new user namespace; seen from outside nothing changes."""
    uid, gid, nobody = os.geteuid(), os.getegid(), _nobody()
    if not LINUX or LIBC.unshare(CLONE_NEWUSER):
        raise OSError(ctypes.get_errno(), "unshare")
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{nobody.pw_uid} {uid} 1"),
        ("gid_map", f"{nobody.pw_gid} {gid} 1"),
    ):
        Path("/proc/self", name).write_text(text)


def _become(user: pwd.struct_passwd) -> Preparation:
    def prepare() -> None:
        if LINUX:
            LIBC.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0)
        os.setgroups([])
        os.setgid(user.pw_gid)
        os.setuid(user.pw_uid)
        if LINUX:
            _keep_walking_through_private_folders()

    return prepare


def _keep_walking_through_private_folders() -> None:
    """Keep CAP_DAC_OVERRIDE over the coming exec; where that is not allowed, go on without."""
    capability = 1 << CAP_DAC_OVERRIDE
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    sets = (ctypes.c_uint32 * 6)(capability, capability, capability, 0, 0, 0)  # effective, permitted, inheritable
    if LIBC.capset(header, sets) == 0:
        LIBC.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_OVERRIDE, 0, 0)


def _works(preparation: Preparation, server: Path, folder: Path) -> bool:
    """Try it: can the binary be run and the folder be read by a child that prepared itself so?"""
    try:
        probe = subprocess.run(
            [server, "--version"],
            capture_output=True,
            cwd="/",
            preexec_fn=lambda: (preparation(), list(folder.iterdir())),
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return probe.returncode == 0


def _account(uid: int) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwuid(uid)
    except KeyError:
        return None


def _nobody() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam("nobody")
    except KeyError:
        raise SystemExit("PostgreSQL refuses root, and this machine has no user nobody to run it as.") from None


def _give(folder: Path, user: pwd.struct_passwd) -> None:
    for path in (folder, *folder.rglob("*")):
        os.chown(path, user.pw_uid, user.pw_gid, follow_symlinks=False)
