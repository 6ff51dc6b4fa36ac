"""Fuzz one target: `python -m tests.fuzz.run TARGET FOLDER [libFuzzer's options]`.

Starts from the kept corpus, `tests/fuzz/corpus/TARGET/`, which it does not change. New inputs stand in `FOLDER/corpus`,
findings beside it.
"""

import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["dropbox"]):
    from tests.fuzz.targets import CORPUS, TARGETS


def main() -> None:
    """Never returns: libFuzzer ends the process."""
    name, folder, *options = sys.argv[1:]
    target = TARGETS[name]
    new = Path(folder) / "corpus"
    new.mkdir(parents=True, exist_ok=True)
    limits = [f"-max_len={target.longest}", "-timeout=60", "-rss_limit_mb=2048", f"-artifact_prefix={folder}/"]
    atheris.Setup([sys.argv[0], *limits, *options, str(new), str(CORPUS / name)], target)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
