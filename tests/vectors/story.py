"""What a payload says, as JSON."""

import hashlib

from dropbox.protocol import payload
from tests.vectors.values import Json


class Story:
    """Events as JSON."""

    def __init__(self) -> None:
        self.lines: list[Json] = []
        self._file = hashlib.sha256()
        self.head: payload.Head | None = None
        self.end: payload.End | None = None

    def add(self, event: payload.Event) -> None:
        """One more event."""
        match event:
            case payload.Head():
                self.head = event
                self.lines.append({"head": _head(event)})
            case payload.Message():
                self.lines.append({"message": _message(event)})
            case payload.FileBegin(name):
                self._file = hashlib.sha256()
                self.lines.append({"file": name})
            case payload.FileData(data):
                self._file.update(data)
            case payload.FileEnd(size):
                self.lines.append({"size": size, "sha256": self._file.hexdigest()})
            case payload.End():
                self.end = event


def _head(head: payload.Head) -> Json:
    return {
        "thread": head.thread_id.hex(),
        "id": head.message_id.hex(),
        "auth": head.auth.hex(),
        "replies": [
            [one.recipient.hex(), one.public.hex(), one.chain.hex(), one.tag_key.hex()] for one in head.reply_keys
        ],
    }


def _message(message: payload.Message) -> Json:
    answers = [[question.hex(), answer] for question, answer in message.answers]
    return {
        "text": message.text, "category": message.category, "ongoing": message.ongoing, "answers": answers,
        "keep_from": message.keep_from, "language": message.language,
    }  # fmt: skip
