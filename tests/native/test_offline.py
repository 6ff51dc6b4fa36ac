"""Without a line first: keys on a stick, a sealed file, sent later by command or by form, and after it broke off."""

from __future__ import annotations

import os
import urllib.request
from pathlib import Path

import pytest

from dropbox.protocol import sealed_file
from dropbox.protocol.sizes import DAY, MIB, UPLOAD_CHUNK
from tests.gateway.conftest import encode_form, form_type
from tests.native.conftest import World

TEXT = "written on a train"


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
        person.expects("Sent.")
        assert person.ends() == 0
    assert len(world.intake.envelopes) == 1


def test_an_upload_that_broke_off_goes_on_in_another_run(world: World) -> None:
    file = world.folder / "film.bin"
    file.write_bytes(os.urandom(6 * MIB))
    made = sealed(world, file)
    world.intake.away = False
    name = sealed_file.SealedHead.from_bytes(made.read_bytes()[: sealed_file.HEAD]).upload_id.hex()
    half = made.read_bytes()[sealed_file.BEFORE : sealed_file.BEFORE + 3 * UPLOAD_CHUNK]
    world.intake.uploads[name], world.intake.chunks[name] = bytearray(half), 3
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


@pytest.mark.parametrize("cut", [0, 1, 30, 16_400])
def test_what_is_no_sealed_file_is_not_sent(world: World, cut: int) -> None:
    file = world.folder / "cut"
    file.write_bytes(bytes(cut))
    with world.sits("send", str(file)) as person:
        person.expects("not a sealed file, or only part of one")
        person.answers("How do you want to go on?", "2")
        assert person.ends() == 1
    assert not world.intake.envelopes


def test_two_windows_with_the_same_file_do_not_meet(world: World) -> None:
    import fcntl  # noqa: PLC0415 - the other window

    made = sealed(world)
    with made.open("rb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with world.sits("send", str(made)) as person:
            person.expects("Another window is sending this very file")
            person.answers("How do you want to go on?", "2")
            assert person.ends() == 1
