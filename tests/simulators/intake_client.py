"""A reporter's side of intake's socket, without mercy: any method, any path, any bytes."""

import io
import json
import os
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp
from yarl import URL

from tests.simulators.intake_instance import chunks


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    body: bytes
    headers: dict[str, str]

    @property
    def json(self) -> Any:  # noqa: ANN401 - JSON is anything
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def error(self) -> str:
        """The code of a refusal, with its status: "409 conflict"."""
        return f"{self.status} {self.json['error']}"


class ReporterClient:
    """Requests on the reporters' socket."""

    def __init__(self, path: Path) -> None:
        self._session = aiohttp.ClientSession(connector=aiohttp.UnixConnector(path=str(path)), auto_decompress=False)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def request(
        self, method: str, target: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> Answer:
        """Send exactly this."""
        url = URL("http://intake" + target, encoded=True)
        data = None if body is None else io.BytesIO(body)
        async with self._session.request(method, url, data=data, headers=headers) as answer:
            return Answer(answer.status, await answer.read(), dict(answer.headers))

    async def put(self, upload: str, place: int, body: bytes) -> Answer:
        """Send one chunk."""
        return await self.request("PUT", f"/v1/uploads/{upload}/{place}", body)

    async def whole(self, upload: str, body: bytes) -> Answer:
        """Send a small envelope in one request."""
        return await self.request("PUT", f"/v1/uploads/{upload}/whole", body)

    async def finish(self, upload: str, size: int) -> Answer:
        """Finish an upload."""
        return await self.request("POST", f"/v1/uploads/{upload}/finish", json.dumps({"size": size}).encode())

    async def upload(self, data: bytes) -> str:
        """Send a whole envelope, and insist on success."""
        upload = os.urandom(16).hex()
        for place, chunk in enumerate(chunks(data)):
            answer = await self.put(upload, place, chunk)
            assert answer.status == 200, answer.body
        answer = await self.finish(upload, len(data))
        assert answer.status == 200, answer.body
        return upload
