"""Merging: two contacts are found to be one. What moves is said by parts, one or more of each app.

`merge` and `undo` are all that the rest of the product calls; `preview` says what a merge would do, by doing it.
"""

from contacts.merging.merging import MergeError, Preview, become, merge, preview, undo
from contacts.merging.parts import Job, Part, parts

__all__ = ["Job", "MergeError", "Part", "Preview", "become", "merge", "parts", "preview", "undo"]
