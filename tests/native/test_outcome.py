"""A line that breaks in the middle of sending, and one that breaks at its end: the reporter is told which it was."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from dropbox.native.catalogue import Texts
from dropbox.native.draft import Draft
from dropbox.native.faults import day_words
from dropbox.native.sealing import send
from dropbox.protocol.receipt import Receipt
from dropbox.protocol.sizes import MIB
from dropbox.reporter.errors import OutcomeUnknown, TransportFailed
from dropbox.reporter.transport import Request, Response
from tests.native.conftest import World
from tests.native.test_offline import sealed
from tests.simulators.bureau import instance_with_host

TEXT = "the text that must not be lost"


@contextmanager
def cut_at(world: World, end: str, *, done: bool) -> Iterator[None]:
    """The circuit breaks whenever a request that ends so is made: after it was done, or before."""
    upload = world.intake._upload

    def cutting(request: Request, name: str, rest: str) -> Response:
        if rest != end:
            return upload(request, name, rest)
        if done:
            upload(request, name, rest)
        world.cut()
        time.sleep(0.5)  # until nobody is there any more to hear an answer
        raise TransportFailed("cut")

    world.intake._upload = cutting  # type: ignore[method-assign]  # a line that breaks while it is used
    try:
        yield
    finally:
        world.intake._upload = upload  # type: ignore[method-assign]  # as above


def test_of_a_report(world: World) -> None:
    file = world.folder / "film.bin"
    file.write_bytes(os.urandom(2 * MIB))
    with world.sits("report") as person:
        person.answers("Do you already have twelve words", "1")
        person.takes_new_words()
        person.writes(TEXT)
        person.answers("Where is the file?", str(file))
        person.answers("Where is the file?", "")
        with cut_at(world, "/0", done=False):
            person.answers("Send it now?", "1")
            person.expects("Nothing was handed in yet")
        assert not world.intake.envelopes
        person.answers("How do you want to go on?", "1")
        world.intake.after_the_end = "bad_chunk"  # nor does the host say anything of it afterwards
        with cut_at(world, "/finish", done=True):
            person.answers("Send it now?", "1")
            person.expects("it may have come in, and it may not.")
        world.intake.after_the_end = ""
        person.answers("How do you want to go on?", "1")
        person.answers("Send it now?", "1")
        person.expects("What happens next")
        assert person.ends() == 0
    opened = [world.bureau.open(one) for one in world.intake.envelopes]
    assert [one.head.message_id for one in opened] == [opened[0].head.message_id] * 2  # by which the bureau sees it


@pytest.mark.parametrize("at", ["whole", "DELETE"])
async def test_of_a_report_that_is_stopped_at_its_end(at: str) -> None:
    """Ctrl-C while the answer to the end is waited for: what was taken back in time is known only from an answer."""
    bureau, host = instance_with_host()
    bulletin = bureau.desks[0].bulletins[bureau.clock.day, 0]
    waits = asyncio.Event()

    class Slow:
        async def send(self, request: Request) -> Response:
            if request.path.endswith("/whole"):
                if at == "DELETE":
                    await host.send(request)
                waits.set()
                await asyncio.Event().wait()
            if at == "whole":
                raise TransportFailed("gone")
            return await host.send(request)

    draft = Draft(Receipt(bytes(15)), bytes(16), "en", text=TEXT)
    task = asyncio.create_task(send(Slow(), bulletin, draft, os.urandom))
    await waits.wait()
    task.cancel()
    with pytest.raises(OutcomeUnknown):
        await task


def test_of_a_sealed_file(world: World) -> None:
    made = sealed(world)
    with world.sits("send", str(made)) as person:
        with cut_at(world, "/0", done=False):
            person.expects("Nothing was handed in yet.")
        assert not world.intake.envelopes
        world.intake.after_the_end = "bad_chunk"
        with cut_at(world, "/finish", done=True):
            person.answers("How do you want to go on?", "1")
            person.expects("the file may have come in, and it may not.")
        world.intake.after_the_end = ""
        person.answers("How do you want to go on?", "1")
        person.expects("was there already, unchanged")
        assert person.ends() == 0
    assert len(world.intake.envelopes) == 1


IMPATIENT = (
    sys.executable,
    "-c",
    "import sys; from dropbox.native import cli, transport; transport.PATIENCE = 1.0; sys.exit(cli.main())",
)  # asks after a second what else is asked after ten minutes


@contextmanager
def tor_gone_at(world: World, end: str) -> Iterator[None]:
    """Tor ends when a request that ends so is made, and is back at the end of this."""
    upload, socks, away = world.intake._upload, world.folder / "socks", world.folder / "gone"

    def ending(request: Request, name: str, rest: str) -> Response:
        if rest != end:
            return upload(request, name, rest)
        socks.rename(away)
        world.cut()
        time.sleep(0.5)  # as above
        raise TransportFailed("gone")

    world.intake._upload = ending  # type: ignore[method-assign]  # as above
    try:
        yield
    finally:
        world.intake._upload = upload  # type: ignore[method-assign]  # as above
        away.rename(socks)


def test_who_gives_up_waiting_keeps_what_was_typed_and_is_told_so(world: World) -> None:
    file = world.folder / "film.bin"
    file.write_bytes(os.urandom(2 * MIB))
    with world.sits("report", command=IMPATIENT) as person:
        person.answers("Do you already have twelve words", "1")
        person.takes_new_words()
        person.writes(TEXT)
        person.answers("Where is the file?", str(file))
        person.answers("Where is the file?", "")
        with tor_gone_at(world, "/0"):
            person.answers("Send it now?", "1")
            person.expects("The line has been gone for ten minutes. What you wrote is still here.")
            person.expects("Stop trying: what I typed stays here")
            person.answers("Your choice", "2")
            person.expects("Tor does not run on this computer")
            person.expects("Nothing was handed in yet")
        person.answers("How do you want to go on?", "2")
        person.expects(TEXT)
        person.answers("How do you want to go on?", "1")
        person.answers("Send it now?", "1")
        person.expects("What happens next")
        assert person.ends() == 0


def test_who_gives_up_waiting_with_a_sealed_file_goes_on_with_it(world: World) -> None:
    made = sealed(world)
    with world.sits("send", str(made), command=IMPATIENT) as person:
        with tor_gone_at(world, "/0"):
            person.expects("What has come in of the file stays there for a day.")
            person.expects("Stop trying: I go on later, with the same file")
            person.answers("Your choice", "2")
            person.expects("Tor does not run on this computer")
            person.expects("Nothing was handed in yet")
        person.answers("How do you want to go on?", "1")
        person.expects("Sent.")
        assert person.ends() == 0


def test_a_refusal_of_a_sealed_file_says_what_is_the_matter(world: World) -> None:
    made = sealed(world)
    world.intake.refuse = ("PUT", "full", 507)
    with world.sits("send", str(made)) as person:
        person.expects("The file was not handed in. Keep it")
        world.intake.refuse = ("PUT", "bad_day", 422)
        person.answers("How do you want to go on?", "1")
        person.expects("does not have the keys with which the file was sealed, those of ")
        person.expects(f"{day_words(Texts('en'), world.bureau.day)}. It was sealed for another reporting point")
        world.intake.refuse = None
        person.answers("How do you want to go on?", "1")
        person.expects("Sent.")
        assert person.ends() == 0
