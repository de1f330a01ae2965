"""Files that visitors send with forms: known by their content, kept where nothing serves or runs them, handed to staff only."""

from __future__ import annotations

import hashlib
import re
import uuid
import zipfile
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import IO, Any

from django.core.exceptions import ValidationError
from django.core.files.storage import Storage
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import QuerySet
from django.http import FileResponse
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tracking.models import Form, Upload

HEAD = 64
MAX_ENTRIES = 5_000  # of a zip we look into: only its directory is read, never its contents
MARKUP = re.compile(rb"<\s*(!doctype|html|script|svg|\?|iframe|body|img|object|embed)", re.IGNORECASE)
CONTROLS = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
ODF = {
    b"application/vnd.oasis.opendocument.text": "odt",
    b"application/vnd.oasis.opendocument.spreadsheet": "ods",
    b"application/vnd.oasis.opendocument.presentation": "odp",
}
OOXML = {"word/": "docx", "xl/": "xlsx", "ppt/": "pptx"}

# What a marketer can ask for: the words for it, and the extensions our own look at the content comes to.
KINDS: Mapping[str, tuple[Any, tuple[str, ...]]] = {
    "image": (gettext_lazy("Images"), ("png", "jpg", "gif", "webp", "heic")),
    "pdf": (gettext_lazy("PDF"), ("pdf",)),
    "document": (gettext_lazy("Text documents and presentations"), ("docx", "odt", "pptx", "odp")),
    "table": (gettext_lazy("Tables"), ("xlsx", "ods", "csv")),
    "text": (gettext_lazy("Plain text"), ("txt",)),
}
TEXTS = {"csv", "txt"}


@dataclass(frozen=True)
class Checked:
    """A file that was looked at. `name` is what it is kept under, whatever the visitor called it."""

    file: UploadedFile
    name: str
    size: int
    digest: str


def kinds(wanted: Any) -> list[str]:
    """The kinds a field takes; all of them where it names none."""
    named = [kind for kind in wanted if kind in KINDS] if isinstance(wanted, list) else []
    return named or list(KINDS)


def accepted(kinds: Sequence[str]) -> str:
    """For the `accept` attribute of the input."""
    return ",".join(f".{extension}" for kind in kinds for extension in KINDS[kind][1])


def check(file: UploadedFile, kinds: Sequence[str]) -> Checked:
    """What the file is by its content. Raises ValidationError for what is not of these kinds, whatever its name says."""
    found = _extension(file)
    wanted = {extension for kind in kinds for extension in KINDS[kind][1]}
    if found == "txt" and "csv" in wanted and (file.name or "").lower().endswith(".csv"):
        found = "csv"
    if found not in wanted:
        names = get_text_list([str(KINDS[kind][0]) for kind in kinds], _("or"))
        raise ValidationError(_("This file cannot be accepted. Possible are: %(kinds)s.") % {"kinds": names})
    file.seek(0)
    digest = hashlib.file_digest(file, "sha256").hexdigest()
    file.seek(0)
    return Checked(file, clean_name(file.name or "", found), file.size or 0, digest)


def clean_name(given: str, extension: str) -> str:
    """The visitor's name for a file without path, controls and tricks of direction, and with the extension it deserves."""
    base = given.replace("\\", "/").rpartition("/")[2]
    stem = base.rpartition(".")[0] or base
    printable = "".join(c for c in stem if c.isprintable()).strip(" .")
    return f"{printable[:100] or 'file'}.{extension}"


def keep(form: Form, submission_key: uuid.UUID, given: Mapping[str, Checked]) -> list[Upload]:
    """Write the files and their rows; those of this submission that are kept already are left alone. Returns the new ones.

    The caller holds a transaction, and calls `forget_files` if it fails: a file knows no roll-back.
    """
    have = set(Upload.objects.filter(submission_key=submission_key).values_list("field", flat=True))
    rows = []
    for field, checked in given.items():
        if field not in have:
            row = Upload(form=form, submission_key=submission_key, field=field, name=checked.name, size=checked.size)
            row.file.save(checked.name, checked.file, save=False)
            rows.append(row)
    Upload.objects.bulk_create(rows, ignore_conflicts=True)
    kept = set(Upload.objects.filter(pk__in=[row.pk for row in rows]).values_list("pk", flat=True))
    forget_files([row for row in rows if row.pk not in kept])  # the same post was quicker in another process
    return [row for row in rows if row.pk in kept]


def of(submission_keys: Collection[uuid.UUID]) -> QuerySet[Upload]:
    """What came with these submissions."""
    return Upload.objects.filter(submission_key__in=submission_keys)


def forget(uploads: QuerySet[Upload]) -> int:
    """Delete these: the rows now, the files once the caller's transaction is safe. Returns how many there were."""
    rows = list(uploads)
    if rows:
        Upload.objects.filter(pk__in=[row.pk for row in rows]).delete()
        transaction.on_commit(partial(forget_files, rows))
    return len(rows)


def forget_files(rows: Collection[Upload]) -> None:
    for row in rows:
        row.file.delete(save=False)


def next_folder(folder: str) -> str | None:
    """The folder of the storage after this one, in their order; None after the last."""
    try:
        folders, _files = _storage().listdir("")
    except FileNotFoundError:
        return None  # nobody has ever sent a file
    return min((name for name in folders if name > folder), default=None)


def sweep(folder: str, before: datetime) -> int:
    """Delete the files of a folder that no row names, written before a moment; how many."""
    storage, count = _storage(), 0
    _folders, files = storage.listdir(folder)
    paths = [f"{folder}/{name}" for name in files]
    named = set(Upload.objects.filter(file__in=paths).values_list("file", flat=True))
    for path in paths:
        try:
            if path not in named and storage.get_modified_time(path) < before:
                storage.delete(path)
                count += 1
        except FileNotFoundError:
            continue  # it went by itself
    return count


def _storage() -> Storage:
    return Upload._meta.get_field("file").storage


def handed_out(upload: Upload) -> FileResponse:
    """The file for staff: always a download, never shown by a browser. Raises OSError when it is gone."""
    response = FileResponse(
        upload.file.open("rb"), as_attachment=True, filename=upload.name, content_type="application/octet-stream"
    )
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["Cache-Control"] = "no-store, private"
    return response


# --- what a file is, by its content -----------------------------------------------------------------------------------


def _extension(file: UploadedFile) -> str:
    """The extension its content deserves; "" for what we do not know or do not want."""
    file.seek(0)
    head = file.read(HEAD)
    for extension, begins in BINARY:
        if begins(head):
            return extension
    if head.startswith(b"PK\x03\x04"):
        return _of_zip(file)
    return "txt" if _is_text(file) else ""


BINARY: Sequence[tuple[str, Callable[[bytes], bool]]] = (
    ("png", lambda head: head.startswith(b"\x89PNG\r\n\x1a\n")),
    ("jpg", lambda head: head.startswith(b"\xff\xd8\xff")),
    ("gif", lambda head: head[:6] in (b"GIF87a", b"GIF89a")),
    ("webp", lambda head: head[:4] == b"RIFF" and head[8:12] == b"WEBP"),
    ("heic", lambda head: head[4:8] == b"ftyp" and head[8:12] in (b"heic", b"heix", b"mif1", b"msf1")),
    ("pdf", lambda head: head.startswith(b"%PDF-")),
)


def _of_zip(file: IO[bytes] | UploadedFile) -> str:
    """An office document without macros; any other archive is none of ours."""
    try:
        with zipfile.ZipFile(file) as archive:
            names = archive.namelist()
            if len(names) > MAX_ENTRIES or any("vbaproject" in name.lower() for name in names):
                return ""
            if "[Content_Types].xml" in names:
                return next((kind for start, kind in OOXML.items() if any(n.startswith(start) for n in names)), "")
            if names[:1] == ["mimetype"] and archive.getinfo("mimetype").file_size < 100:
                macros = any(name.startswith(("Basic/", "Scripts/")) for name in names)
                return "" if macros else ODF.get(archive.read("mimetype").strip(), "")
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, ValueError, OSError, EOFError, RuntimeError):
        return ""
    return ""


def _is_text(file: UploadedFile) -> bool:
    """UTF-8 or Latin text throughout, that no browser could take for a page."""
    file.seek(0)
    overlap = b""
    for chunk in file.chunks():
        if CONTROLS.search(chunk) or MARKUP.search(overlap + chunk):
            return False
        overlap = chunk[-20:]
    return bool(file.size)
