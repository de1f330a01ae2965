"""Where hits wait on disk while the database is away: files of lines, each on the disk for good before it counts as kept.

A file belongs to one process at a time, by its lock: the one that writes it, then the one that brings it in. A process that
died has let go of its lock, so what it left is everybody's.
"""

from __future__ import annotations

import fcntl
import logging
import os
import secrets
import threading
import time
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

logger = logging.getLogger(__name__)

ENDING = ".hits"
REFUSED = "refused.jsonl"
HEADER = b"bareme hits 1, lost meanwhile: %020d\n"
HEADER_BYTES = len(HEADER % 0)
sync = getattr(os, "fdatasync", os.fsync)  # macOS has no fdatasync


class Full(OSError):
    """The spool has grown as large as it may."""


class Segment:
    """One file: a header with how many hits were lost meanwhile, then a line for each batch: checksum, number, hits."""

    def __init__(self, path: Path, handle: int) -> None:
        self.path = path
        self.began_at = int(path.name.partition("-")[0]) / 1e9
        self._handle = handle
        self.end = os.fstat(handle).st_size

    @classmethod
    def begin(cls, folder: Path) -> Segment:
        folder.mkdir(parents=True, exist_ok=True)
        draft = folder / f"{time.time_ns()}-{os.getpid()}-{secrets.token_hex(4)}"
        path = draft.with_suffix(ENDING)
        handle = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            _write(handle, HEADER % 0, 0)
            draft.rename(path)  # only now others see it, and it is ours
            _sync_folder(folder)
        except OSError:
            os.close(handle)
            draft.unlink(missing_ok=True)
            path.unlink(missing_ok=True)
            raise
        return cls(path, handle)

    @classmethod
    def left_by_others(cls, path: Path) -> Segment | None:
        """Somebody's file, if nobody holds it."""
        try:
            handle = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            return None
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(handle).st_nlink and path.name.partition("-")[0].isdecimal():
                return cls(path, handle)
        except OSError:
            pass
        os.close(handle)
        return None

    def append(self, line: bytes) -> None:
        """On the disk when this returns; after an error the file is as it was before."""
        try:
            _write(self._handle, line, self.end)
        except OSError:
            os.ftruncate(self._handle, self.end)
            raise
        self.end += len(line)

    def note_lost(self, count: int) -> None:
        """Written over the header: that needs no room on a full disk."""
        _write(self._handle, HEADER % (self.lost + count), 0)

    @property
    def lost(self) -> int:
        digits = os.pread(self._handle, HEADER_BYTES, 0).strip().rpartition(b" ")[2]
        return int(digits) if digits.isdigit() else 0

    @property
    def ended_at(self) -> float:
        return os.fstat(self._handle).st_mtime

    def lines(self) -> Iterator[tuple[bytes, int]]:
        """The hits of each batch and how many they are. What the end of a process tore was never acknowledged: left out."""
        with open(os.dup(self._handle), "rb") as file:  # noqa: PTH123 - a handle, not a path
            file.seek(0)
            if len(file.readline()) < HEADER_BYTES:
                return
            for line in file:
                checksum, _, rest = line.removesuffix(b"\n").partition(b" ")
                count, _, hits = rest.partition(b" ")
                if line.endswith(b"\n") and checksum == _checksum(rest) and count.isdigit():
                    yield hits, int(count)
                else:
                    logger.warning("a torn line in %s was left out: it had not been acknowledged", self.path.name)

    def let_go(self) -> None:
        os.close(self._handle)

    def remove(self) -> None:
        self.path.unlink(missing_ok=True)
        self.let_go()


class Spool:
    def __init__(self, folder: Path, limit: int) -> None:
        """`limit`: how many bytes the files of all processes may have together."""
        self.folder = folder
        self._limit = limit
        self._lock = threading.Lock()
        self._mine: Segment | None = None
        self._others: tuple[float, int] = (0.0, 0)  # when their size was looked at last, and what it was
        self.unnoted = 0  # lost, and not yet noted in a file
        self._noted_at = 0.0

    def append(self, hits: bytes, count: int) -> None:
        """Keep these hits, a JSON list of rows. Raises OSError where that cannot be, Full among them."""
        rest = b"%d %b" % (count, hits)
        line = b"%b %b\n" % (_checksum(rest), rest)
        with self._lock:
            if self._size() + len(line) > self._limit:
                raise Full("the spool is full")
            if self._mine is None:
                self._mine = Segment.begin(self.folder)
            self._mine.append(line)

    def lose(self, count: int) -> None:
        """Note that so many hits could not be kept at all: in the file's header, once a second."""
        with self._lock:
            self.unnoted += count
            if time.monotonic() - self._noted_at > 1:
                self._noted_at = time.monotonic()
                with suppress(OSError):
                    self._mine = self._mine or Segment.begin(self.folder)
                    self._note()

    def segments(self) -> Iterator[Segment]:
        """Ours, which is closed for it, and those of processes that are gone. Whoever gets one lets go of it or removes it."""
        with self._lock:
            with suppress(OSError):
                self._note()
            mine, self._mine = self._mine, None
        if mine:
            yield mine
        for path in sorted(self.folder.glob(f"*{ENDING}")):
            if (mine is None or path != mine.path) and (segment := Segment.left_by_others(path)):
                yield segment

    def refuse(self, hits: bytes) -> None:
        """Set hits aside that the database refuses, for a person to look at."""
        with self._lock:
            self.folder.mkdir(parents=True, exist_ok=True)
            with (self.folder / REFUSED).open("ab") as file:
                if file.tell() + len(hits) > self._limit:
                    raise Full("too much was refused")
                file.write(hits + b"\n")

    def _note(self) -> None:
        if self._mine and self.unnoted:
            self._mine.note_lost(self.unnoted)
            self.unnoted = 0

    def _size(self) -> int:
        """How large all files are together; those of others are looked at once a second."""
        mine = self._mine.end if self._mine else 0
        looked_at, others = self._others
        if time.monotonic() - looked_at > 1:
            others = waiting_bytes(self.folder) - mine
            self._others = (time.monotonic(), others)
        return mine + others


def waiting_bytes(folder: Path) -> int:
    """How much waits on disk, of all processes that use this folder."""
    total = 0
    for path in folder.glob(f"*{ENDING}"):
        with suppress(FileNotFoundError):
            total += path.stat().st_size
    return total


def is_usable(folder: Path) -> bool:
    """Could hits wait there, if they had to?"""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(folder, os.R_OK | os.W_OK | os.X_OK)


def _write(handle: int, data: bytes, at: int) -> None:
    if os.pwrite(handle, data, at) != len(data):
        raise Full("the disk is full")
    sync(handle)


def _sync_folder(folder: Path) -> None:
    """The name of a new file is safe only when its folder is."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _checksum(data: bytes) -> bytes:
    return b"%08x" % zlib.crc32(data)
