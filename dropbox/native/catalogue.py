"""The texts in the reporter's language, read from the `.po` file itself with nothing but the standard library.

English is the language of the message ids and needs no catalogue.  A Dutch text that is missing shows in English; a
test sees to it that none is.
"""

from __future__ import annotations

import ast
from importlib import resources

LANGUAGES = {"nl": "Nederlands", "en": "English"}


class Texts:
    """Says marked sentences in one language."""

    def __init__(self, language: str) -> None:
        """`language` is one of `LANGUAGES`."""
        self.language = language
        self._found = {} if language == "en" else _read(language)

    def say(self, sentence: str, **values: object) -> str:
        """The sentence with its values put in, as `%(name)s`."""
        text = self._found.get(sentence) or sentence
        return text % values if values else text


def _read(language: str) -> dict[str, str]:
    file = resources.files("dropbox.native") / "locale" / language / "LC_MESSAGES" / "messages.po"
    return parse(file.read_text(encoding="utf-8"))


def parse(text: str) -> dict[str, str]:
    """The translations in a catalogue that has neither plurals nor contexts: ours has none."""
    found, parts, here = dict[str, str](), {"msgid": "", "msgstr": ""}, "msgid"
    for line in (*text.splitlines(), 'msgid ""'):
        name, _, rest = line.partition(" ")
        if name in parts:
            if name == "msgid":
                found[parts["msgid"]] = parts["msgstr"]
                parts = {"msgid": "", "msgstr": ""}
            here, line = name, rest  # noqa: PLW2901 - what is left of it
        if line.startswith('"'):
            parts[here] += ast.literal_eval(line)
    found.pop("", None)
    return found
