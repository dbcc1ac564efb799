"""Forms that anybody may send without signing in: no session, no cookie, nobody else's service.

Instead: five an hour from an address (known by a keyed hash of the day, in memory alone), a field that people do
not see and programs fill, and a signed time that says the form was open for 3 seconds at least and 2 hours at most.
The template puts `{{ guard.fields() }}` into its form; the handler calls `guard.check`, then reads the form.
"""

import hmac
import secrets
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from markupsafe import Markup
from starlette.datastructures import FormData
from starlette.requests import Request

from chassis.decisions import Refusal, Refused
from chassis.idempotency import service_key
from chassis.settings import Settings

PER_HOUR = 5
SOONEST, LATEST = timedelta(seconds=3), timedelta(hours=2)
OPENED, TRAP = "opened", "homepage"


@dataclass(frozen=True)
class TooOften(Refusal):
    code = "too-many-requests"
    sentence_en = "Much has been sent from your network within the hour. Try again in an hour."
    sentence_fi = "Verkostasi on lähetetty tunnin sisällä monta lomaketta. Yritä tunnin kuluttua uudelleen."
    status = 429


@dataclass(frozen=True)
class NotByAPerson(Refusal):
    code = "form-not-taken"
    sentence_en = "The form was not taken: it was open for too short or too long a time. Send it once more."
    sentence_fi = "Lomaketta ei otettu vastaan: se oli auki liian vähän tai liian kauan. Lähetä se vielä kerran."
    status = 422


class Guard:
    """One for a service's public forms; made at its start."""

    def __init__(self, settings: Settings) -> None:
        self._key = service_key(settings, "public-form")
        self._day: date | None = None
        self._daily = b""
        self._sent: Counter[tuple[str, int]] = Counter()

    def fields(self, now: datetime) -> Markup:
        """Hidden fields for the form."""
        stamp = str(int(now.timestamp()))
        return Markup(
            '<input type="hidden" name="{}" value="{}.{}">'
            '<div hidden><label>{} <input name="{}" tabindex="-1" autocomplete="off"></label></div>'
        ).format(OPENED, stamp, self._signature(stamp), TRAP, TRAP)

    def check(self, request: Request, form: FormData, now: datetime) -> None:
        """Raises `Refused`: `NotByAPerson`, `TooOften`. Counts what it lets through."""
        stamp, _, signature = str(form.get(OPENED, "")).partition(".")
        if not hmac.compare_digest(signature, self._signature(stamp)) or form.get(TRAP):
            raise Refused(NotByAPerson())
        if not SOONEST <= now - datetime.fromtimestamp(int(stamp), now.tzinfo) <= LATEST:
            raise Refused(NotByAPerson())
        self._count(request.client.host if request.client else "", now)

    def _count(self, address: str, now: datetime) -> None:
        if self._day != now.date():
            self._day, self._daily = now.date(), secrets.token_bytes(32)
            self._sent.clear()
        key = hmac.new(self._daily, address.encode(), "sha256").hexdigest(), now.hour
        if self._sent[key] >= PER_HOUR:
            raise Refused(TooOften())
        self._sent[key] += 1

    def _signature(self, stamp: str) -> str:
        return hmac.new(self._key, stamp.encode(), "sha256").hexdigest()[:32]
