"""The sender: notices out over SMTP, each at most once by itself.

Promise: a notice is `sending` in the database before the first byte leaves. What was `sending` when a sender
died is `unknown`: nobody can tell whether it arrived, and only a person sends it again [NOT-2]. One sender is
active (advisory lock). What the server takes nothing of is tried again with growing pauses; what it refuses for
good is `undeliverable`.
"""

import asyncio
import logging
import ssl
from dataclasses import replace
from email.message import EmailMessage
from email.utils import format_datetime

import aiosmtplib

from chassis import outbox, telemetry
from chassis.database import Database, Session, transient
from chassis.decisions import decided_or_raise
from chassis.settings import LOOPBACK, Settings
from chassis.telemetry import name_of
from contracts import plan
from services.notify import domain, store, texts
from services.notify.domain import Notice, Status

log = logging.getLogger(__name__)


class NotTaken(Exception):  # noqa: N818 - what the server did
    """Nothing of the mail was accepted, surely; it may be later."""


class RefusedForGood(Exception):  # noqa: N818
    """The server will never take it; carries a code of the plan, never the server's words."""


class Sender:
    """Sends what is queued until `stop`."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self.settings, self.database = settings, database
        self._smtp: aiosmtplib.SMTP | None = None
        self._wake, self._stopping = asyncio.Event(), False

    def stop(self) -> None:
        self._stopping = True
        self._wake.set()

    async def run(self) -> None:
        """Until `stop`; a lost database is waited for."""
        while not self._stopping:
            try:
                await self._serve()
            except Exception as fault:
                if not transient(fault):
                    raise
                log.warning("the sender of notices starts again: %s", name_of(fault))
                await self._rest(1)

    async def _serve(self) -> None:
        connection = await self.database.connect(timeout_ms=0)
        try:
            while not await connection.fetchval("select pg_try_advisory_lock(hashtext('yhdyspinta sender'))"):
                await self._rest(0.5)
                if self._stopping:
                    return
            await connection.add_listener("notices", lambda *_: self._wake.set())
            await self._doubt_the_interrupted()
            while not self._stopping and not connection.is_closed():
                self._wake.clear()
                if not await self.send_next():
                    await self._rest(1)
        finally:
            connection.terminate()
            await self._close()

    async def _rest(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._wake.wait(), seconds)
        except TimeoutError:
            pass

    async def _doubt_the_interrupted(self) -> None:
        """What another sender left as `sending` may or may not have arrived."""
        async with self.database.begin() as db:
            for notice in await store.being_sent(db):
                await self._tell(db, notice, Status.UNKNOWN, "unknown")

    async def send_next(self) -> bool:
        """Sends the oldest that is due; False when none is."""
        async with self.database.begin() as db:
            notice = await store.next_queued(db)
            if notice is None:
                return False
            rules = db.plan
            if domain.is_stale(notice.caused_at, db.now, rules.notices.fresh_for.delta):
                await store.save(db, replace(notice, status=Status.STALE, status_at=db.now))
                return True
            address, language = await self._receiver(db, notice)
            message, trace = None, await store.traceparent(db, notice.id)
            if address:
                message = self._message(notice, address, language, rules)
                await store.save(db, replace(notice, status=Status.SENDING, status_at=db.now))
            else:
                await self._tell(db, notice, Status.UNDELIVERABLE, "no-address" if notice.staff_id else "no-holder")
        if message is not None:
            headers = [("traceparent", trace.encode())] if trace else []
            with telemetry.handling("notify mail", headers, same_side=True):
                await self._try(notice, message)
        return True

    async def _try(self, notice: Notice, message: EmailMessage) -> None:
        """Sends it, and stores what became of it."""
        try:
            await self._send(message)
        except NotTaken:
            async with self.database.begin() as db:
                if found := await self._still_sending(db, notice):
                    await store.save(db, domain.not_taken(found, db.now))
        except RefusedForGood as why:
            await self._end(notice, Status.UNDELIVERABLE, str(why))
        except (aiosmtplib.SMTPException, OSError, TimeoutError):
            await self._end(notice, Status.UNKNOWN, "unknown")
        else:
            await self._end(notice, Status.SENT)

    async def _end(self, notice: Notice, status: Status, reason: str | None = None) -> None:
        async with self.database.begin() as db:
            if found := await self._still_sending(db, notice):
                await self._tell(db, found, status, reason)

    async def _still_sending(self, db: Session, notice: Notice) -> Notice | None:
        """The notice, unless another sender has doubted it meanwhile."""
        found = await store.notice(db, notice.id)
        return found if found is not None and found.status is Status.SENDING else None

    async def _tell(self, db: Session, notice: Notice, status: Status, reason: str | None) -> None:
        state, events = decided_or_raise(domain.ended(notice, status, db.now, reason))
        await store.save(db, state)
        await outbox.add(db, *events, topic=f"{notice.side}.notices.v1")

    async def _receiver(self, db: Session, notice: Notice) -> tuple[str | None, str]:
        """Address and language: the seat's mailbox where it has one, else the person's."""
        service = notice.values.get("service") or None
        seat = await store.seat(db, notice.organisation, notice.role, service)
        person = await store.person(db, notice.staff_id) if notice.staff_id else None
        address = (seat or {}).get("mailbox") or (person or {}).get("address")
        return (str(address) if address else None), str((person or {}).get("language") or "fi")

    def _message(self, notice: Notice, address: str, language: str, rules: plan.Plan) -> EmailMessage:
        text = texts.write(notice, language, rules, self.settings.public_url)
        message = EmailMessage()
        message["From"], message["To"] = self.settings.mail_from, address
        message["Subject"] = text.subject
        message["Date"] = format_datetime(notice.status_at)
        message["Message-ID"] = f"<{notice.id}@{self.settings.mail_from.partition('@')[2]}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(text.body)
        return message

    async def _send(self, message: EmailMessage) -> None:
        """One mail; raises what is sure (`NotTaken`, `RefusedForGood`), and anything else where it is not."""
        smtp = await self._connected()
        try:
            await smtp.mail(str(message["From"]))
            await smtp.rcpt(str(message["To"]))
        except aiosmtplib.SMTPResponseException as answer:
            await self._close()
            if 500 <= answer.code < 600:
                raise RefusedForGood("refused") from None
            raise NotTaken from None
        except (aiosmtplib.SMTPException, OSError, TimeoutError):
            await self._close()
            raise NotTaken from None
        try:
            await smtp.data(message.as_bytes(policy=message.policy.clone(linesep="\r\n")))
        except aiosmtplib.SMTPResponseException as answer:  # the server's last word: it did not take it
            await self._close()
            if 500 <= answer.code < 600:
                raise RefusedForGood("refused") from None
            raise NotTaken from None
        except BaseException:
            await self._close()
            raise

    async def _connected(self) -> aiosmtplib.SMTP:
        if self._smtp is not None and self._smtp.is_connected:
            return self._smtp
        loopback = self.settings.smtp_host in LOOPBACK
        smtp = aiosmtplib.SMTP(hostname=self.settings.smtp_host, port=self.settings.smtp_port, timeout=10,
                               start_tls=not loopback, tls_context=None if loopback else ssl.create_default_context())
        try:
            await smtp.connect()
            await smtp.ehlo()
        except (aiosmtplib.SMTPException, OSError, TimeoutError):
            raise NotTaken from None
        self._smtp = smtp
        return smtp

    async def _close(self) -> None:
        if self._smtp is not None:
            self._smtp.close()
            self._smtp = None
