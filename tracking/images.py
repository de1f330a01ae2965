"""Images for landing pages: known by their content, within limits, and handed out so that they can be nothing but images."""

from __future__ import annotations

import warnings

from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.http import FileResponse
from django.utils.translation import gettext as _
from PIL import Image

from tracking import uploads
from tracking.models import PageImage

MAX_BYTES = 5_000_000
MAX_SIDE = 6_000
MAX_PIXELS = 25_000_000
TYPES = {"png": "image/png", "jpg": "image/jpeg", "gif": "image/gif", "webp": "image/webp"}
FORMATS = ("PNG", "JPEG", "GIF", "WEBP")  # no SVG: it is a document that can run scripts


def add(file: UploadedFile, name: str = "") -> PageImage:
    """Keep an image. Raises ValidationError, with a sentence, for what is none or too large."""
    checked = check(file)
    image = PageImage(
        name=name or checked.name, extension=checked.extension, width=checked.width, height=checked.height
    )
    image.file.save(image.public_id, file, save=False)
    image.save()
    return image


class Looked:
    """What an image is, by its content."""

    def __init__(self, name: str, extension: str, width: int, height: int) -> None:
        self.name, self.extension, self.width, self.height = name, extension, width, height


def check(file: UploadedFile) -> Looked:
    if (file.size or 0) > MAX_BYTES:
        raise ValidationError(_("An image may have %(count)d megabytes at most.") % {"count": MAX_BYTES // 1_000_000})
    kind = uploads.check(file, ["image"])
    extension = kind.name.rpartition(".")[2]
    if extension not in TYPES:
        raise ValidationError(_("Images may be PNG, JPEG, GIF or WebP."))
    width, height = _size(file)
    if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
        raise ValidationError(
            _("This image is too large: at most %(count)d pixels a side are accepted.") % {"count": MAX_SIDE}
        )
    return Looked(kind.name, extension, width, height)


def _size(file: UploadedFile) -> tuple[int, int]:
    """Width and height, from its head alone: nothing is unpacked before we know how much that would be."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            file.seek(0)
            with Image.open(file, formats=FORMATS) as opened:
                size = opened.size
                opened.verify()
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise ValidationError(_("This image is damaged.")) from None
    finally:
        file.seek(0)
    return size


def handed_out(image: PageImage) -> FileResponse:
    """The image, forever the same at its address. Raises OSError when its file is gone."""
    response = FileResponse(image.file.open("rb"), content_type=TYPES.get(image.extension, "application/octet-stream"))
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["Content-Disposition"] = f'inline; filename="{image.public_id}.{image.extension}"'
    response["Cache-Control"] = "public, max-age=31536000, immutable"
    return response
