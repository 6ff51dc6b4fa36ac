import os

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from dropbox.web.errors import RefusedRequest
from dropbox.web.same_site import check_same_site
from dropbox.web.sessions import SessionCookie, Sessions, check_csrf

IDLE = 600


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_session_ends_when_it_is_idle_and_says_so() -> None:
    clock, closed = Clock(), list[str]()
    sessions = Sessions[str](clock, os.urandom, IDLE, closed.append)
    session = sessions.open("handler")
    clock.now += IDLE - 1
    assert sessions.find(session.token) is session
    clock.now += IDLE - 1
    assert sessions.find(session.token) is session
    clock.now += IDLE
    assert sessions.find(session.token) is None
    assert closed == ["handler"]


def test_signing_out_ends_one_session_and_stopping_ends_all() -> None:
    closed = list[str]()
    sessions = Sessions[str](Clock(), os.urandom, IDLE, closed.append)
    one, two = sessions.open("one"), sessions.open("two")
    sessions.close(one.token)
    assert sessions.find(one.token) is None
    assert sessions.find(two.token) is two
    sessions.close_all()
    assert closed == ["one", "two"]
    sessions.close(two.token)
    assert closed == ["one", "two"]


@pytest.mark.parametrize("token", [None, "", "0" * 64])
def test_an_unknown_token_finds_nothing(token: str | None) -> None:
    sessions = Sessions[str](Clock(), os.urandom, IDLE)
    sessions.open("handler")
    assert sessions.find(token) is None


@pytest.mark.parametrize("submitted", [None, "", "0" * 64, b"bytes", "é"])
def test_a_form_without_the_value_of_the_session_is_refused(submitted: object) -> None:
    session = Sessions[str](Clock(), os.urandom, IDLE).open("handler")
    check_csrf(session, session.csrf)
    with pytest.raises(RefusedRequest):
        check_csrf(session, submitted)


def test_a_session_shows_nothing_in_a_traceback() -> None:
    session = Sessions[str](Clock(), os.urandom, IDLE).open("handler")
    assert session.token not in repr(session)


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_form_from_elsewhere_is_refused(site: str) -> None:
    check_same_site(make_mocked_request("POST", "/", headers={"Sec-Fetch-Site": "same-origin"}).headers)
    check_same_site(make_mocked_request("POST", "/").headers)
    with pytest.raises(RefusedRequest):
        check_same_site(make_mocked_request("POST", "/", headers={"Sec-Fetch-Site": site}).headers)


@pytest.mark.parametrize(("secure", "name"), [(False, "dropbox-desk"), (True, "__Host-desk")])
def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(secure: bool, name: str) -> None:  # noqa: FBT001 - a case
    response = web.Response()
    SessionCookie("desk", secure=secure).set(response, "token")
    cookie = response.cookies[name]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Strict"
    assert bool(cookie["secure"]) is secure
    assert cookie["path"] == "/"
    assert "max-age" not in cookie
