"""What failed on the reporters' socket, counted: a line in a log at that moment would be the time of a visit."""

import logging
from collections import Counter

logger = logging.getLogger("dropbox.intake")


class Faults:
    """Counts sentences, and says once a day how often each one was due."""

    def __init__(self) -> None:
        """Begin with none."""
        self._counted: Counter[str] = Counter()

    def count(self, sentence: str) -> None:
        """Note one failure; the sentence holds no value of the request."""
        self._counted[sentence] += 1

    def report(self) -> None:
        """Log the day's numbers, and begin anew."""
        for sentence, times in sorted(self._counted.items()):
            logger.error("On the reporters' socket, since the last daily job, %d times: %s", times, sentence)
        self._counted.clear()
