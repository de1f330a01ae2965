"""What adding to and removing from lists of a contact have in common: tags and segments."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Model

from campaigns.actions.base import names
from campaigns.registry import Action, Params
from contacts.remarks import Remark


class ListForm(forms.Form):
    """`add` and `remove`, at least one of them, and nothing in both. Subclasses have the fields and the sentences."""

    nothing_chosen: ClassVar[Any]
    chosen_twice: ClassVar[Any]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not cleaned.get("add") and not cleaned.get("remove"):
            raise ValidationError(self.nothing_chosen)
        if set(cleaned.get("add") or ()) & set(cleaned.get("remove") or ()):
            raise ValidationError(self.chosen_twice)
        return cleaned


class ListAction(Action):
    model: ClassVar[type[Model]]
    adding: ClassVar[Any]  # with %(names)s in it
    removing: ClassVar[Any]

    def describe(self, params: Params) -> str:
        return ", ".join(self.changes(params))

    def changes(self, params: Params) -> list[Remark]:
        said = {"add": self.adding, "remove": self.removing}
        return [Remark(text, names=names(self.model, params[key])) for key, text in said.items() if params.get(key)]
