"""The security log, apart from the audit log [SEC-6; privacy.md].

The audit log says who read or changed which record, and is evidence; the security log says what happened at the doors:
sign-ins, refusals, denied rights on the broker, use of tokens, events of keys. Its lines go to the logger
`yhdyspinta.security` (a file of its own where `SECURITY_LOG` names one) with an event's code, and never hold a name, a
number of a client or a text that somebody sent. What a person must look at is an alarm: it is logged as an error,
counted in `yhdyspinta_security_alarms`, and stands on the operators' page Tila until this process ends.
"""

import logging
import threading
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic

from chassis import telemetry

log = logging.getLogger("yhdyspinta.security")

BURST_LETTERS = 20
"""So many dead letters of a service within `BURST_SECONDS` are a burst."""
BURST_SECONDS = 300.0
REMEMBERED = 50


@dataclass(frozen=True)
class Alarm:
    """An alarm of this process; `code` is the event's, `who` a staff id, a token's id or a source."""

    at: datetime
    service: str
    code: str
    who: str | None


_alarms: deque[Alarm] = deque(maxlen=REMEMBERED)


def note(event: str, service: str, *, who: str | None = None, about: str | None = None) -> None:
    """What happened, as a code; `who` and `about` are ids or codes."""
    telemetry.SECURITY.labels(service, event).inc()
    _say(logging.INFO, _told(event, service, who, about))


def refused(event: str, service: str, *, who: str | None = None, about: str | None = None) -> None:
    """As `note`, of something that was not let through."""
    telemetry.SECURITY.labels(service, event).inc()
    _say(logging.WARNING, _told(event, service, who, about))


def alarm(event: str, service: str, *, who: str | None = None, about: str | None = None) -> None:
    """As `note`, of something that a person must look at."""
    telemetry.SECURITY.labels(service, event).inc()
    telemetry.ALARMS.labels(service, event).inc()
    _alarms.append(Alarm(datetime.now(UTC), service, event, who))
    _say(logging.ERROR, {**_told(event, service, who, about), "alarm": "yes"})


def alarms(service: str) -> list[Alarm]:
    """Those of a service that this process remembers, newest first."""
    return [each for each in reversed(_alarms) if each.service == service]


def _told(event: str, service: str, who: str | None, about: str | None) -> dict[str, str]:
    found = {"event": event, "service": service, "who": who, "about": about}
    return {name: value for name, value in found.items() if value is not None}


def _say(level: int, told: dict[str, str]) -> None:
    log.log(level, "%s", ", ".join(f"{name} {value}" for name, value in told.items()), extra={"security": told})


class Burst:
    """Calls an alarm when much happens within a short time, and not again until it has been quiet for as long."""

    def __init__(self, event: str, service: str, most: int = BURST_LETTERS, seconds: float = BURST_SECONDS) -> None:
        self.event, self.service, self.most, self.seconds = event, service, most, seconds
        self._at: deque[float] = deque(maxlen=most)
        self._called = False
        self._lock = threading.Lock()

    def happened(self, count: int = 1, now: float | None = None) -> None:
        """Counts; `now` is in seconds that never go back."""
        now = monotonic() if now is None else now
        with self._lock:
            if self._at and now - self._at[-1] > self.seconds:
                self._called = False
            self._at.extend([now] * min(count, self.most))
            full = len(self._at) == self.most and now - self._at[0] <= self.seconds
            if not full or self._called:
                return
            self._called = True
        alarm(self.event, self.service)
