"""Somebody who trusts two of three witnesses reports only with keys that two of them saw."""

from __future__ import annotations

from pathlib import Path

import pytest

from dropbox.auditor.keys import AuditorKey
from dropbox.protocol.cosignature import Cosignature, sign_cosignature
from tests.native.conftest import World

WITNESSES = tuple(AuditorKey(bytes([number]) * 32) for number in range(3))
NAMED = tuple(part for one in WITNESSES for part in ("--witness", one.public.hex()))


def cosign(world: World, folder: Path, witness: AuditorKey, **changes: object) -> None:
    """What a witness hands out."""
    bulletin = world.bureau.bulletin
    seen = vars(Cosignature.of(bulletin, witness.public, bulletin.day)) | changes
    (folder / f"{witness.public.hex()}.json").write_bytes(sign_cosignature(Cosignature(**seen), witness.sign))


@pytest.fixture
def folder(world: World) -> Path:
    found = world.folder / "cosigned"
    found.mkdir()
    return found


def test_keys_that_too_few_witnesses_saw_are_refused_and_believed_once_enough_have(world: World, folder: Path) -> None:
    cosign(world, folder, WITNESSES[0])
    cosign(world, folder, WITNESSES[1], hash=bytes(32))
    (folder / "not.json").write_bytes(b"{}")
    (folder / "large.json").write_bytes(bytes(1 << 20))
    keys = world.folder / "keys"
    with world.sits("keys", str(keys), "--cosignatures", str(folder), *NAMED, "--require", "2") as person:
        person.expects("Fewer than 2 of the witnesses signed the keys of today.")
        assert not keys.exists()
        cosign(world, folder, WITNESSES[2])
        person.answers("How do you want to go on?", "1")
        person.expects("The keys are in the file.")
        assert person.ends() == 0


def test_a_bulletin_that_was_replaced_is_refused(world: World, folder: Path) -> None:
    for witness in WITNESSES[:2]:
        cosign(world, folder, witness, revision=world.bureau.bulletin.revision + 1, hash=bytes(32))
    given = ("--cosignatures", str(folder), *NAMED, "--require", "2")
    with world.sits("keys", str(world.folder / "keys"), *given, language="nl") as person:
        person.expects("De getuigen zagen nieuwere sleutels van vandaag")
        person.answers("Hoe wilt u verder?", "2")


@pytest.mark.parametrize(
    "given",
    [
        (*NAMED, "--require", "4"),
        (*NAMED, "--require", "0"),
        ("--witness", "aa", "--require", "1"),
        ("--witness", "not digits", "--require", "1"),
        ("--require", "1"),
    ],
)
def test_witnesses_that_cannot_be_required_are_said_to_be(world: World, folder: Path, given: tuple[str, ...]) -> None:
    with world.sits("keys", "--cosignatures", str(folder), *given) as person:
        person.expects("The witnesses cannot be required like this")
        assert person.ends() == 2
