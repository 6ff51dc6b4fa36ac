"""Signing in and out."""

from typing import Final

from dropbox.bureau.errors import WrongSignInError
from dropbox.bureau.pages import words
from dropbox.bureau.pages.gate import GATE
from dropbox.bureau.pages.paths import Page
from dropbox.bureau.pages.site import Person, View
from dropbox.web.sign_in import Sentences, SignIn


async def _check(view: View, user: str, password: str) -> Person:
    return Person(await view.desk.sign_in(user, password))


SIGN_IN: Final = SignIn(
    GATE,
    Page.INBOX,
    _check,
    WrongSignInError,
    Sentences(words.WRONG_SIGN_IN, words.TOO_MANY_TRIES, words.TOO_MANY_TRIES_ONE),
)
