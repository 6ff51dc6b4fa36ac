"""Signed requests at the desk's and ministry's sockets: every forgery that we could think of."""

import os
from collections.abc import Callable
from dataclasses import dataclass

import aiohttp
import pytest
from yarl import URL

from dropbox.courier.errors import RefusedError
from dropbox.courier.signing import CourierKey, Request, audience, sign_request
from dropbox.protocol import sizes
from tests.intake.conftest import Running, World

LISTING = Request("GET", "/v1/envelopes")
PUBLISH = Request("PUT", "/v1/publication", b"true")


@dataclass
class Captured:
    """A signed request as somebody on the wire sees it, to be sent as it is or changed."""

    request: Request
    headers: dict[str, str]


def capture(intake: Running, request: Request, **changes: object) -> Captured:
    """Sign as the desk, or with something changed."""
    how: dict[str, object] = {
        "key": intake.instance.desk,
        "audience": audience("desk-courier", intake.instance.name),
        "now": intake.clock(),
        "nonce": os.urandom(16),
        **changes,
    }
    return Captured(request, sign_request(request, **how))  # type: ignore[arg-type]


async def send(intake: Running, request: Request, headers: dict[str, str], socket: str = "desk") -> str:
    """Send and give "200" or "401 code"."""
    connector = aiohttp.UnixConnector(path=str(intake.socket(socket)))
    url = URL("http://intake" + request.target, encoded=True)
    async with (
        aiohttp.ClientSession(connector=connector) as session,
        session.request(request.method, url, data=request.body or None, headers=headers) as answer,
    ):
        return str(answer.status) if answer.ok else f"{answer.status} {(await answer.json())['error']}"


async def test_a_request_signed_by_the_certified_key_is_served(intake: Running) -> None:
    for request in (LISTING, PUBLISH, Request("GET", f"/v1/envelopes?after={'0' * 32}")):
        captured = capture(intake, request)
        assert await send(intake, captured.request, captured.headers) == "200"


async def test_an_unsigned_request_is_refused_also_to_unknown_paths(intake: Running) -> None:
    for target in ("/v1/envelopes", "/nothing"):
        for socket in ("desk", "ministry"):
            assert await send(intake, Request("GET", target), {}, socket) == "401 unsigned"


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(-361, "401 bad_time"), (-360, "200"), (0, "200"), (60, "200"), (61, "401 bad_time")],
)
async def test_a_signature_counts_for_five_minutes_and_a_minute_of_clocks(
    sqlite_world: World, seconds: int, expected: str
) -> None:
    async with sqlite_world.start() as intake:
        captured = capture(intake, LISTING, now=intake.clock() + seconds)
        assert await send(intake, captured.request, captured.headers) == expected


async def test_a_replayed_request_is_refused(intake: Running) -> None:
    captured = capture(intake, PUBLISH)
    assert await send(intake, captured.request, captured.headers) == "200"
    assert await send(intake, captured.request, captured.headers) == "401 replayed"


async def test_a_replay_is_remembered_across_a_restart_and_the_daily_job(world: World) -> None:
    async with world.start() as intake:
        captured = capture(intake, PUBLISH)
        assert await send(intake, captured.request, captured.headers) == "200"
        await intake.store.housekeeping.maintain()
    async with world.start(published=False) as intake:
        assert await send(intake, captured.request, captured.headers) == "401 replayed"


async def test_a_replay_around_midnight_is_remembered(world: World) -> None:
    world.clock.now = (world.clock.day + 1) * sizes.DAY - 10
    async with world.start() as intake:
        captured = capture(intake, PUBLISH)
        assert await send(intake, captured.request, captured.headers) == "200"
        world.clock.forward(seconds=60)
        await intake.store.housekeeping.maintain()
        assert await send(intake, captured.request, captured.headers) == "401 replayed"


async def test_old_nonces_are_forgotten(intake: Running) -> None:
    await intake.desk.get("/v1/envelopes")
    intake.clock.forward(days=2)
    await intake.store.housekeeping.sweep()
    captured = capture(intake, LISTING, nonce=bytes(16))
    assert await send(intake, captured.request, captured.headers) == "200"


ALTERATIONS: dict[str, Callable[[Captured], tuple[Request, dict[str, str]]]] = {
    "body": lambda seen: (Request("PUT", "/v1/publication", b"lies"), seen.headers),
    "empty body": lambda seen: (Request("PUT", "/v1/publication"), seen.headers),
    "path": lambda seen: (Request("PUT", f"/v1/cards/{'0' * 32}", b"true"), seen.headers),
    "query": lambda seen: (Request("PUT", "/v1/publication?x=1", b"true"), seen.headers),
    "method": lambda seen: (Request("POST", "/v1/publication", b"true"), seen.headers),
    "no digest": lambda seen: (seen.request, _without(seen.headers, "Content-Digest")),
    "cut signature": lambda seen: (seen.request, {**seen.headers, "Signature": "courier=:AAAA:"}),
    "garbage": lambda seen: (seen.request, {**seen.headers, "Signature-Input": "courier=("}),
    "label": lambda seen: (seen.request, _replaced(seen.headers, "courier=", "other=")),
    "tag": lambda seen: (seen.request, _replaced(seen.headers, "dropbox/v1/courier", "dropbox/v2/courier")),
    "nonce": lambda seen: (seen.request, _replaced(seen.headers, 'nonce="', 'nonce="0')),
    "fewer components": lambda seen: (seen.request, _replaced(seen.headers, '"@query" ', "")),
    "longer": lambda seen: (seen.request, _replaced(seen.headers, ";expires=1", ";expires=2")),
}


def _without(headers: dict[str, str], name: str) -> dict[str, str]:
    return {key: value for key, value in headers.items() if key != name}


def _replaced(headers: dict[str, str], old: str, new: str) -> dict[str, str]:
    changed = {key: value.replace(old, new) for key, value in headers.items()}
    assert changed != headers
    return changed


@pytest.mark.parametrize("alteration", ALTERATIONS.values(), ids=ALTERATIONS.keys())
async def test_an_altered_request_is_refused_and_does_nothing(
    sqlite_world: World, alteration: Callable[[Captured], tuple[Request, dict[str, str]]]
) -> None:
    async with sqlite_world.start() as intake:
        request, headers = alteration(capture(intake, PUBLISH))
        answer = await send(intake, request, headers)
        assert answer in {"401 bad_signature", "401 bad_time"}
        assert (await intake.reporter.request("GET", "/v1/publication")).error == "503 not_ready"


async def test_another_key_another_role_and_another_instance_are_refused(intake: Running) -> None:
    name = intake.instance.name
    stranger = CourierKey(os.urandom(32))
    for changes, socket in (
        ({"key": stranger}, "desk"),
        ({"key": intake.instance.ministry}, "desk"),
        ({"key": intake.instance.ministry, "audience": audience("ministry-courier", name)}, "desk"),
        ({"key": intake.instance.desk}, "ministry"),
        ({"key": intake.instance.desk, "audience": audience("ministry-courier", name)}, "ministry"),
        ({"audience": audience("desk-courier", bytes(16))}, "desk"),
    ):
        captured = capture(intake, LISTING, **changes)
        assert await send(intake, captured.request, captured.headers, socket) == "401 bad_signature"


async def test_a_signature_over_fewer_components_is_refused(intake: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """A valid signature by the right key that leaves the path open would serve for every path."""
    monkeypatch.setattr("dropbox.courier.signing.COMPONENTS", ("@method", "@authority", "@query", "content-digest"))
    captured = capture(intake, LISTING)
    monkeypatch.undo()
    assert await send(intake, captured.request, captured.headers) == "401 bad_signature"


async def test_a_body_beyond_the_routes_limit_is_refused_before_it_is_read(intake: Running) -> None:
    with pytest.raises(RefusedError, match="too_large"):
        await intake.desk.put("/v1/publication", bytes(256 * sizes.KIB + 1))
    with pytest.raises(RefusedError, match="too_large"):
        await intake.desk.post("/nothing", b"x")


async def test_a_key_counts_only_in_the_days_of_its_certificate(sqlite_world: World) -> None:
    async with sqlite_world.start() as intake:
        intake.clock.now = 100_001 * sizes.DAY
        with pytest.raises(RefusedError, match="bad_signature"):
            await intake.desk.get("/v1/envelopes")
