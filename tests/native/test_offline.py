"""Without a line first: keys on a stick, a sealed file, sent later by command or by form, and after it broke off."""

from __future__ import annotations

import os
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from dropbox.protocol import sealed_file
from dropbox.protocol.sizes import DAY, MIB, UPLOAD_CHUNK
from tests.gateway.conftest import encode_form, form_type
from tests.native.conftest import World

TEXT = "written on a train"


def name_of(made: Path) -> str:
    with made.open("rb") as file:
        return sealed_file.SealedHead.from_bytes(file.read(sealed_file.HEAD)).name.name.hex()


def keys_on_stick(world: World) -> Path:
    keys = world.folder / "keys"
    with world.sits("keys", str(keys)) as person:
        person.expects("You can seal with them until")
        assert person.ends() == 0
    return keys


def sealed(world: World, file: Path | None = None) -> Path:
    """A sealed file, made where nothing answers."""
    keys, made = keys_on_stick(world), world.folder / "sealed"
    (world.folder / "socks").rename(world.folder / "gone")
    with world.sits("seal", str(made), "--keys", str(keys)) as person:
        person.expects("The keys fit the words")
        person.answers("Do you already have twelve words", "1")
        person.takes_new_words()
        person.writes(TEXT)
        if file:
            person.answers("Where is the file?", str(file))
        person.answers("Where is the file?", "")
        person.expects("The sealed file will have")
        person.expects("It must come in by")
        assert person.ends() == 0
    (world.folder / "gone").rename(world.folder / "socks")
    return made


def test_sealed_without_a_line_and_sent_later(world: World) -> None:
    made = sealed(world)
    assert not world.intake.envelopes
    with world.sits("send", str(made)) as person:
        person.expects("Sent.")
        assert person.ends() == 0
    opened = world.bureau.open(world.intake.envelopes[0])
    assert (opened.message.text, opened.head.first) == (TEXT, True)


def test_a_sealed_file_says_nothing_of_who_made_it(world: World) -> None:
    made = sealed(world)
    data, found = made.read_bytes(), made.stat()
    assert len(data) == sealed_file.BEFORE + 16_384
    assert sealed_file.SealedHead.from_bytes(data[: sealed_file.HEAD]).prefix.day == world.bureau.day
    assert found.st_mtime == world.bureau.day * DAY
    assert found.st_mode & 0o777 == 0o600
    for secret in (TEXT, str(world.folder)):
        assert secret.encode() not in data


def test_the_form_takes_it_and_both_ways_together_are_one_envelope(world: World) -> None:
    made = sealed(world)
    port = next(iter(world.tor.services.values()))
    body = encode_form([("files", made.read_bytes(), "sealed")])
    with urllib.request.urlopen(
        urllib.request.Request(f"http://127.0.0.1:{port}/nl/verzegeld-bestand", body, form_type())
    ) as answer:
        assert answer.status == 200
    with world.sits("send", str(made)) as person:
        person.expects("was there already, unchanged")
        assert person.ends() == 0
    assert len(world.intake.envelopes) == 1


def test_an_upload_that_broke_off_goes_on_in_another_run(world: World) -> None:
    file = world.folder / "film.bin"
    file.write_bytes(os.urandom(6 * MIB))
    made = sealed(world, file)
    world.intake.away = False
    half = made.read_bytes()[sealed_file.BEFORE : sealed_file.BEFORE + 3 * UPLOAD_CHUNK]
    world.intake.uploads[name_of(made)] = bytearray(half)
    world.intake.seen.clear()
    with world.sits("resume", str(made)) as person:
        person.expects("Sent.")
        assert person.ends() == 0
    puts = [one.path.rpartition("/")[2] for one in world.intake.seen if one.method == "PUT"]
    assert puts == [str(number) for number in range(3, 8)]
    assert world.bureau.open(world.intake.envelopes[0]).files == [("film.bin", file.read_bytes())]


def test_a_file_that_is_there_is_left_alone(world: World) -> None:
    taken = world.folder / "keys"
    taken.write_text("mine")
    with world.sits("keys", str(taken)) as person:
        person.expects("There is a file of that name already.")
        person.answers("How do you want to go on?", "1")
        person.answers("Where shall the keys be kept?", "/nowhere/keys")
        person.expects("Nothing can be written there")
        person.answers("How do you want to go on?", "1")
        person.answers("Where shall the keys be kept?", "other")
        person.expects("The keys are in the file.")
        assert person.ends() == 0
    assert taken.read_text() == "mine"


@pytest.mark.parametrize(
    ("content", "said"), [(b"not keys", "not a file with keys"), (b"", "not a file with keys")], ids=["other", "empty"]
)
def test_a_file_that_holds_no_keys_is_said_to(world: World, content: bytes, said: str) -> None:
    file = world.folder / "keys"
    file.write_bytes(content)
    with world.sits("seal", "--keys", str(file)) as person:
        person.expects(said)
        person.answers("How do you want to go on?", "2")
        assert person.ends() == 1


def test_keys_of_another_day_seal_nothing(world: World) -> None:
    from tests.gateway.bureau import Bureau  # noqa: PLC0415 - one more bureau, of days ago

    old = Bureau(world.bureau.now - 3 * DAY)
    old.root, old.signing = world.bureau.root, world.bureau.signing
    from dataclasses import replace  # noqa: PLC0415 - as above

    old.bulletin = replace(world.bureau.bulletin, day=old.day)
    file = world.folder / "keys"
    file.write_bytes(b"DBXKEY01" + old.root.public.raw + old.signed_bulletin())
    with world.sits("seal", "--keys", str(file)) as person:
        person.expects("this computer thinks that it is")
        person.answers("How do you want to go on?", "2")
        assert person.ends() == 1


@pytest.mark.parametrize("length", [0, 1, 30, 16_440])
def test_what_is_no_sealed_file_is_not_sent(world: World, length: int) -> None:
    file = world.folder / "other"
    file.write_bytes(bytes(length))
    with world.sits("send", str(file)) as person:
        person.expects("This is not a sealed file.")
        person.answers("How do you want to go on?", "2")
        assert person.ends() == 1
    assert not world.intake.envelopes


@pytest.mark.parametrize(
    "change",
    [lambda data: data[:50], lambda data: data[:-1], lambda data: data + b"x", lambda data: data[:-1] + b"x"],
    ids=["cut-in-head", "cut", "longer", "altered"],
)
def test_a_damaged_sealed_file_is_said_to_be_one_before_anything_is_sent(
    world: World, change: Callable[[bytes], bytes]
) -> None:
    made = sealed(world)
    made.write_bytes(change(made.read_bytes()))
    world.intake.seen.clear()
    with world.sits("send", str(made)) as person:
        person.expects("This is a sealed file, but it is damaged")
        person.answers("How do you want to go on?", "2")
        assert person.ends() == 1
    assert not world.intake.seen


def half_sent(world: World, made: Path) -> None:
    """An earlier run broke off after two chunks, for good."""
    world.intake.uploads[name_of(made)] = bytearray(
        made.read_bytes()[sealed_file.BEFORE : sealed_file.BEFORE + 2 * UPLOAD_CHUNK]
    )


def test_when_the_host_lost_a_half_upload_it_is_said_and_all_is_sent(world: World) -> None:
    file = world.folder / "film.bin"
    file.write_bytes(os.urandom(6 * MIB))
    made = sealed(world, file)
    half_sent(world, made)
    lost = world.intake.lose_at = f"/v1/uploads/{name_of(made)}/4"
    with world.sits("send", str(made)) as person:
        person.expects("What was sent earlier is no longer there")
        person.expects("It will be sent from the beginning.")
        person.expects("Sent.")
        assert person.ends() == 0
    assert lost in [one.path for one in world.intake.seen]
    assert world.bureau.open(world.intake.envelopes[0]).files == [("film.bin", file.read_bytes())]


def test_who_copied_the_file_cannot_have_other_bytes_taken_for_it(world: World) -> None:
    file = world.folder / "film.bin"
    file.write_bytes(os.urandom(3 * MIB))
    made = sealed(world, file)
    world.intake.uploads[name_of(made)] = bytearray(os.urandom(2 * MIB))
    with world.sits("send", str(made)) as person:
        person.expects("Perhaps somebody has a copy of your file.")
        person.expects("Sent.")
        assert person.ends() == 0
    (arrived,) = world.intake.envelopes
    assert world.bureau.open(arrived).files == [("film.bin", file.read_bytes())]


def test_two_windows_with_the_same_file_do_not_meet(world: World) -> None:
    import fcntl  # noqa: PLC0415 - the other window

    made = sealed(world)
    with made.open("rb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with world.sits("send", str(made)) as person:
            person.expects("Another window is sending this very file")
            person.answers("How do you want to go on?", "2")
            assert person.ends() == 1
