"""What came of releasing what bulk work had left waiting: firings and enrolments."""

from __future__ import annotations

from typing import NamedTuple

from django.utils.translation import ngettext


class Released(NamedTuple):
    """How many acted, and how many did not because what they waited for is no longer true."""

    acted: int
    outdated: int

    def __str__(self) -> str:
        said = [ngettext("%(count)d released.", "%(count)d released.", self.acted) % {"count": self.acted}]
        if self.outdated:
            text = ngettext(
                "%(count)d is no longer true: nothing was done.",
                "%(count)d are no longer true: nothing was done.",
                self.outdated,
            )
            said.append(text % {"count": self.outdated})
        return " ".join(said)
