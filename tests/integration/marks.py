"""Marked clients, and the search for them: in raw bytes, whatever way a name or a phone number is spelled there."""

import base64
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

CORE = "zqxvistwyqvjkwzu"
"""Part of every marked name: letters that nothing else has in a row, ASCII, so that it stays as it is in every
way to write text but base64, hex and UTF-16."""
_GAP = rb"(?:[\s.()/+-]|%20){0,3}"
_PHONE = re.compile(b"(?:358|0)" + _GAP + b"41" + _GAP + b"5550" + _GAP + rb"\d{3}")
_PHONE_PART = b"5550"


@dataclass(frozen=True)
class Marked:
    """A made-up client, and the phone number as somebody may write it."""

    number: int

    @property
    def name(self) -> str:
        return f"Äinö {CORE.title()}-{self.number:03}"

    @property
    def phone(self) -> str:
        return f"+358415550{self.number:03}"

    @property
    def national(self) -> str:
        return f"041 5550 {self.number:03}"


def _in_base64(text: bytes) -> Iterator[bytes]:
    """What stands of the text in base64, wherever in the encoded whole it begins."""
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + text).rstrip(b"=")
        yield encoded[-(-before * 8 // 6):len(encoded) - 1]


_CASES = (CORE, CORE.title(), CORE.upper())
_IN_LOWER_CASE = (CORE.encode(), CORE.encode("utf-16-le"), *(case.encode().hex().encode() for case in _CASES))
_AS_WRITTEN = (
    *(spelled for case in _CASES for spelled in _in_base64(case.encode())),
    *(spelled for number in (b"358415550", b"0415550", b"041 5550 ") for spelled in _in_base64(number)),
    b"415550".hex().encode(), b"041 5550 ".hex().encode(),
    *(number.encode("utf-16-le") for number in ("0415550", "8415550", "041 5550 ")),
)


def marks_in(content: bytes) -> list[str]:
    """Each place where the content gives a marked name or phone number away, with what stands around it."""
    lowered = content.lower()
    places = [at for needle in _IN_LOWER_CASE for at in _all(lowered, needle)]
    places += [at for needle in _AS_WRITTEN for at in _all(content, needle)]
    for at in _all(content, _PHONE_PART):
        if _PHONE.search(content, max(0, at - 24), at + 20):
            places.append(at)
    return [f"…{content[max(0, at - 70):at + 50]!r}…" for at in sorted(set(places))]


def _all(content: bytes, needle: bytes) -> Iterator[int]:
    at = content.find(needle)
    while at >= 0:
        yield at
        at = content.find(needle, at + 1)


def contents(folders: Iterable[Path]) -> Iterator[tuple[Path, bytes]]:
    """Each file in the folders, but what its server deletes just then."""
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            with suppress(FileNotFoundError):
                if path.is_file():
                    yield path, path.read_bytes()


def marks_in_files(folders: Iterable[Path], but: Iterable[str] = ()) -> list[str]:
    """File and surroundings of each mark in the folders; files whose path has one of the texts `but` are left out."""
    left_out = tuple(but)
    return [f"{path}: {found}" for path, content in contents(folders)
            if not any(each in str(path) for each in left_out) for found in marks_in(content)[:3]]
