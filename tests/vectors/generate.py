"""Makes the vectors: ``python -m tests.vectors.generate``.

Everything is derived from seeds, so a second run writes the same files. What the libraries seal with randomness of
their own (HPKE, Cobblestone-256) stands in ``shared`` and is frozen: it was made once by the code that is here, and is
read back instead of made again as long as its file exists. ``--check`` writes nothing and fails when a file differs.
"""

import sys
from pathlib import Path

from tests.vectors.making import auditors, boards, bulletins, cards, envelopes, payloads, receipts
from tests.vectors.making.book import Book
from tests.vectors.runner import HERE

MAKERS = (receipts.make, bulletins.make, payloads.make, envelopes.make, boards.make, cards.make, auditors.make)


def make(folder: Path = HERE) -> dict[str, str]:
    """The files by their paths below the folder."""
    book = Book(folder)
    for maker in MAKERS:
        maker(book)
    return book.files


def present(folder: Path = HERE) -> dict[str, str]:
    """The files that there are."""
    return {str(path.relative_to(folder)): path.read_text("utf-8") for path in folder.glob("*/*.json")}


def main() -> int:
    """Write, or compare."""
    made, there = make(), present()
    different = sorted(path for path in {*made, *there} if made.get(path) != there.get(path))
    if "--check" not in sys.argv:
        for path in different:
            (HERE / path).parent.mkdir(exist_ok=True)
            if path in made:
                (HERE / path).write_text(made[path], "utf-8")
            else:
                (HERE / path).unlink()
    print(f"{len(made)} files, {len(different)} of them different", *different, sep="\n")  # noqa: T201 -- a command
    return int("--check" in sys.argv and bool(different))


if __name__ == "__main__":
    sys.exit(main())
