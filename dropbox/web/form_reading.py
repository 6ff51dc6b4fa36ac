"""What a form of people who sign in brings: a few short fields, read whole, never a file."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl

from aiohttp import web

MAX_FIELDS: Final = 64
_KIND: Final = "application/x-www-form-urlencoded"
_KEPT_CONTROLS: Final = "\n\t"


@dataclass(frozen=True, slots=True, repr=False)
class Form:
    """The fields of one form; of a field that comes twice the first counts."""

    fields: Mapping[str, str]

    def raw(self, name: str) -> str:
        """Return a field as it came, or "": for passwords and tokens."""
        return self.fields.get(name, "")

    def typed(self, name: str) -> str:
        """Return what was typed with one kind of line end and without control characters, or ""."""
        text = self.raw(name).replace("\r\n", "\n").replace("\r", "\n")
        return "".join(one for one in text if one in _KEPT_CONTROLS or unicodedata.category(one) not in {"Cc", "Cs"})

    def text(self, name: str) -> str:
        """Return what was typed without the white space around it, or ""."""
        return self.typed(name).strip()

    def ticked(self, name: str) -> bool:
        """Tell whether a box was ticked."""
        return self.raw(name) == "yes"


EMPTY: Final = Form({})


async def read_form(request: web.Request) -> Form:
    """Read the form of a request; raise aiohttp's 400 or 413 for anything that our pages cannot have sent.

    Multipart forms are refused unread: aiohttp would write their larger parts to a temporary file.
    """
    if request.content_type != _KIND:
        raise web.HTTPBadRequest
    body = await request.read()
    try:
        pairs = parse_qsl(
            body.decode("ascii"), keep_blank_values=True, strict_parsing=bool(body), max_num_fields=MAX_FIELDS
        )
    except ValueError as error:
        raise web.HTTPBadRequest from error
    fields: dict[str, str] = {}
    for name, value in pairs:
        fields.setdefault(name, value)
    return Form(fields)
