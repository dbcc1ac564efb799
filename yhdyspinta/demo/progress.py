"""How far the demo's year is, in a small file: a load that was broken off goes on where it stopped."""

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

from chassis.calendar import ONE_DAY, at
from chassis.clock import Clock, system_clock
from yhdyspinta.embedded import EmbeddedError
from yhdyspinta.embedded.processes import private_folder, write_private


@dataclass(frozen=True)
class Handle:
    """What our services called a referral of the script, or a case that came without one: its id and number."""

    id: str
    number: str


class Progress:
    """The file's content. `began` is the start of the run that plays or played the year's last days: of what lies
    before it nobody is mailed. `done_until` is the last day that is played whole."""

    def __init__(self, file: Path, clock: Clock = system_clock) -> None:
        self.file = file
        known: dict[str, Any] = {}
        if file.exists():
            try:
                known = json.loads(file.read_text())
            except ValueError:
                raise EmbeddedError(f"{file}, which says how far the demo's year is, can't be read. Remove all data "
                                    "with `make clean` and start again.") from None
        self.complete: bool = known.get("complete", False)
        self.began = datetime.fromisoformat(known["began"]) if self.complete else clock()
        self.script: str | None = known.get("script")
        self.done_until = date.fromisoformat(known["done_until"]) if known.get("done_until") else None
        self.referrals = {key: Handle(*value) for key, value in known.get("referrals", {}).items()}

    def stands_at(self, first_day: date) -> datetime:
        """Where the year's clock stands when it goes on: in the evening of the day in hand, for what that day set
        going before it was broken off. `first_day`: of the whole year."""
        return at(self.done_until + ONE_DAY if self.done_until else first_day, time(20))

    def begin(self, script: str) -> None:
        """Notes which script is played. Raises `EmbeddedError` where another was begun."""
        if self.script not in (None, script):
            raise EmbeddedError("The demo's year was begun with other code or in another year, and can't be gone on "
                                f"with ({self.file}). Remove it with `make clean` and start again.")
        self.script = script
        self._write()

    def day_is_done(self, day: date) -> None:
        self.done_until = day
        self._write()

    def year_is_done(self) -> None:
        self.complete = True
        self._write()

    def _write(self) -> None:
        private_folder(self.file.parent)
        write_private(self.file, json.dumps({
            "script": self.script, "complete": self.complete, "began": self.began.astimezone(UTC).isoformat(),
            "done_until": self.done_until.isoformat() if self.done_until else None,
            "referrals": {key: [handle.id, handle.number] for key, handle in self.referrals.items()},
        }))
