"""One command's work: settings, pins, key, the state that it goes on from, and what its visits came to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final

from dropbox.auditor import checks, files, result, texts
from dropbox.auditor.checks import Judgement, Pins
from dropbox.auditor.errors import AuditError, SettingsError
from dropbox.auditor.findings import Finding
from dropbox.auditor.result import Result
from dropbox.auditor.settings import Settings
from dropbox.auditor.state import State
from dropbox.auditor.visiting import Visit
from dropbox.protocol import sizes
from dropbox.protocol.keys import RootPublicKey
from dropbox.protocol.observation import MAX_FINDINGS, Observation, sign_observation

OBSERVATIONS: Final = "observations"


class Session:
    """The caller holds the folder (`files.alone`)."""

    def __init__(self, settings: Settings, clock: Callable[[], int]) -> None:
        """`clock` gives Unix seconds.  Raises SettingsError."""
        self.settings, self._clock = settings, clock
        self.pins = pins(settings)
        self.key = files.load_key(settings.key)
        self.state = state(settings, self.pins)
        self.findings: tuple[Finding, ...] = ()
        self.alarms: dict[str, Finding] = {}  # of all rounds, each sentence once
        self.observation: Path | None = None  # the file of the last round
        self.rounds = 0
        self._audited = False

    @property
    def today(self) -> int:
        """The UTC day."""
        return self._clock() // sizes.DAY

    @property
    def status(self) -> int:
        """The exit status after all rounds."""
        if self.alarms:
            return result.ALARM
        return result.FINE if self._audited else result.NOT_AUDITED

    def take(self, visits: Iterable[Visit], more: Iterable[Finding] = ()) -> Judgement:
        """Judge visits, keep what the next ones are compared with, and write the observation."""
        judged = checks.judge(visits, self.state, self.pins, self._clock())
        more = tuple(more)
        self.state = judged.state.with_alarms((one.code for one in more if one.observed), self.today)
        self.findings = (*judged.findings, *more)
        self.alarms |= {texts.finding(one, self.settings.language): one for one in self.findings if one.alarms}
        self._audited = self._audited or self.result().status != result.NOT_AUDITED
        files.save(self.settings.folder, self.state, judged.bulletins)
        self.observation = self._observe()
        self.rounds += 1
        return judged

    def root(self) -> RootPublicKey:
        """The key of the leaflet, once a page has named it.  Raises AuditError."""
        if not self.state.root:
            raise AuditError("no-root")
        return RootPublicKey(self.state.root)

    def _observe(self) -> Path | None:
        """Write the signed observation of the day, with all that was found wrong on it; None where nothing of the
        instance is known yet.
        """
        if not self.state.root:
            return None
        codes = self.state.alarms if self.state.alarm_day == self.today else ()
        day = max([self.today, *(one.day for one in self.state.sightings)])
        made = Observation(self.root().instance, self.key.public, day, self.state.sightings, codes[:MAX_FINDINGS])
        path = self.settings.folder / OBSERVATIONS / f"{texts.date(day)}-{self.key.public.hex()[:8]}.json"
        files.write(path, sign_observation(made, self.key.sign), day=day)
        return path

    def result(self, said: Sequence[str] = (), *, of_all: bool = False) -> Result:
        """The page of result: of the last round, or with the alarms `of_all` of them."""
        instance = self.root().instance if self.state.root else b""
        earlier = [one for one in self.alarms.values() if of_all and one not in self.findings]
        seen = result.of_state(self.state, self.today)
        findings = (*earlier, *self.findings)
        return Result(self.settings.language, self.today, instance, self.key.public, findings, seen, tuple(said))


def pins(settings: Settings) -> Pins:
    """What the auditor holds in its own hands.  Raises SettingsError."""
    release = files.release_hashes(settings.release) if settings.release else {}
    folder = settings.cosignatures
    cosignatures = () if folder is None else tuple(files.read(path) for path in sorted(folder.glob("*.json")))
    return Pins(settings.fingerprint, release, settings.quorum(), cosignatures)


def state(settings: Settings, pinned: Pins) -> State:
    """What was kept.  Raises SettingsError, also where it is of another instance."""
    kept = files.load_state(settings.folder)
    if kept.root and not pinned.accepts(kept.root):
        raise SettingsError("fingerprint-other")
    return kept
