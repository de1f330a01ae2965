"""The copy as a download."""

from __future__ import annotations

import tempfile

from django.conf import settings
from django.http import FileResponse
from django.utils import timezone, translation

from contacts.models import Contact
from contacts.privacy.export import export


def zipped(contact: Contact) -> FileResponse:
    """A person's copy to download, in their language. It spools to disk: no history has to fit into memory."""
    target = tempfile.SpooledTemporaryFile(max_size=5_000_000)  # noqa: SIM115 - the response closes it
    with translation.override(contact.language or translation.get_language() or settings.LANGUAGE_CODE):
        export(contact).write(target)
    target.seek(0)
    name = f"data-{timezone.localdate():%Y-%m-%d}.zip"
    response = FileResponse(target, as_attachment=True, filename=name, content_type="application/zip")
    response["Cache-Control"] = "no-store, private"
    response["X-Content-Type-Options"] = "nosniff"
    response["Referrer-Policy"] = "no-referrer"
    return response
