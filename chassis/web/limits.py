"""How much one may ask: bodies, JSON's depth, requests a minute [privacy.md, Limits]."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import orjson
from starlette.requests import Request
from starlette.types import Message

from chassis.decisions import Refusal, Refused

BODY_BYTES = 65_536
FILES_BYTES = 2_097_152
JSON_DEPTH = 10
PAGE_ROWS = 200
SESSION_PER_MINUTE = 60
TOKEN_PER_MINUTE = 600
_REMEMBERED = 20_000


@dataclass(frozen=True)
class TooMany(Refusal):
    """`retry_after`: seconds."""

    retry_after: int

    code = "too-many-requests"
    sentence_en = "Too many requests within a minute. Go on in {retry_after} seconds."
    sentence_fi = "Liian monta pyyntöä minuutissa. Jatka {retry_after} sekunnin kuluttua."
    status = 429


@dataclass(frozen=True)
class TooLarge(Refusal):
    """`most`: KiB."""

    most: int

    code = "too-large"
    sentence_en = "This is larger than {most} KiB. Send less at a time."
    sentence_fi = "Tämä on suurempi kuin {most} KiB. Lähetä pienemmissä osissa."
    status = 413


@dataclass(frozen=True)
class TooDeep(Refusal):
    code = "too-deep"
    sentence_en = "The JSON is nested deeper than 10 levels. Send it flatter."
    sentence_fi = "JSON on sisäkkäin yli 10 tasoa. Lähetä se matalampana."
    status = 422


class Rate:
    """Unsafe requests a minute of each session or token, counted in memory (per process)."""

    def __init__(self, per_minute: int) -> None:
        self.per_minute = per_minute
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, key: str, now: float) -> None:
        """Counts one request at `now` (seconds that never go back). Raises `Refused(TooMany)`."""
        left, at = self._left.get(key, (float(self.per_minute), now))
        left = min(float(self.per_minute), left + (now - at) * self.per_minute / 60)
        if left < 1:
            raise Refused(TooMany(max(1, round((1 - left) * 60 / self.per_minute))))
        self._left[key] = (left - 1, now)
        self._left.move_to_end(key)
        if len(self._left) > _REMEMBERED:
            self._left.popitem(last=False)


def limited(request: Request, most: int) -> Request:
    """The request, whose body can't be read beyond `most` bytes: that raises `Refused(TooLarge)`, at once where the
    sender says so itself."""
    too_large = Refused(TooLarge(most // 1024))
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > most:
        raise too_large
    read = 0

    async def receive() -> Message:
        nonlocal read
        message = await request.receive()
        read += len(message.get("body", b""))
        if read > most:
            raise too_large
        return message

    return Request(request.scope, receive)


def check_depth(body: bytes) -> None:
    """Raises `Refused(TooDeep)`; what is not JSON at all is said by the validation that follows."""
    try:
        level: list[Any] = [orjson.loads(body)]
    except orjson.JSONDecodeError:
        return
    for _ in range(JSON_DEPTH + 1):
        level = [value for value in level if isinstance(value, dict | list)]
        if not level:
            return
        level = [inner for value in level for inner in (value.values() if isinstance(value, dict) else value)]
    raise Refused(TooDeep())
