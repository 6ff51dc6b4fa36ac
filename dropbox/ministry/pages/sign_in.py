"""Signing in and out."""

from typing import Final

from dropbox.ministry.pages import words
from dropbox.ministry.pages.gate import GATE
from dropbox.ministry.pages.paths import Page
from dropbox.ministry.pages.site import View
from dropbox.ministry.views import Person
from dropbox.storage.errors import WrongPasswordError
from dropbox.web.sign_in import Sentences, SignIn


async def _check(view: View, user: str, password: str) -> Person:
    return await view.inbox.sign_in(user, password)


SIGN_IN: Final = SignIn(
    GATE,
    Page.INBOX,
    _check,
    WrongPasswordError,
    Sentences(words.WRONG_SIGN_IN, words.TOO_MANY_TRIES, words.TOO_MANY_TRIES_ONE),
)
