"""One thing that the doctor looked at."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """`good`; `attend`: it works, and somebody should see to it; `wrong`; `unknown`: it could not be looked at."""

    GOOD = "good"
    ATTEND = "attend"
    WRONG = "wrong"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Finding:
    """`area` says what kind of thing, `about` which one; `do` is what to do, where there is anything."""

    area: str
    about: str
    state: State
    says: str
    do: str = ""


def good(area: str, about: str, says: str) -> Finding:
    return Finding(area, about, State.GOOD, says)


def attend(area: str, about: str, says: str, do: str) -> Finding:
    return Finding(area, about, State.ATTEND, says, do)


def wrong(area: str, about: str, says: str, do: str) -> Finding:
    return Finding(area, about, State.WRONG, says, do)


def unknown(area: str, about: str, says: str, do: str) -> Finding:
    return Finding(area, about, State.UNKNOWN, says, do)
