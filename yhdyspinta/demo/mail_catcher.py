"""The demo's mail catcher: takes every mail over SMTP, keeps it in memory, shows it at `/mail`.

It delivers nothing. Only the demo starts it, on 127.0.0.1, or with TLS in a container of its own.
"""

import html
import ssl
from collections import deque
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import UnthreadedController
from aiosmtpd.smtp import SMTP, Envelope, Session
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

KEPT = 2_000


@dataclass(frozen=True)
class Mail:
    number: int
    to: tuple[str, ...]
    message: EmailMessage

    @property
    def text(self) -> str:
        body = self.message.get_body(("plain",))
        return str(body.get_content()) if body else ""


class MailCatcher:
    """An SMTP server in the running event loop, and the page that shows what it took. With `tls` it takes nothing
    before STARTTLS."""

    def __init__(self, port: int, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None) -> None:
        self.host, self.port, self.tls = host, port, tls
        self.mails: deque[Mail] = deque(maxlen=KEPT)
        self.taken = 0
        self._controller: Any = None

    async def start(self) -> None:
        import asyncio

        loop = asyncio.get_running_loop()
        catcher = self

        class Handler:
            async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
                content = envelope.content if isinstance(envelope.content, bytes) else b""
                catcher.taken += 1
                message = message_from_bytes(content, policy=policy.default)
                assert isinstance(message, EmailMessage)  # noqa: S101 - the policy's own class
                catcher.mails.appendleft(Mail(catcher.taken, tuple(envelope.rcpt_tos), message))
                return "250 kept"

        self._controller = UnthreadedController(Handler(), hostname=self.host, port=self.port, loop=loop,
                                                tls_context=self.tls, require_starttls=self.tls is not None)
        self._controller.server = await self._controller._create_server()

    async def stop(self) -> None:
        if self._controller is not None:
            self._controller.server.close()
            await self._controller.server.wait_closed()

    def app(self) -> Starlette:
        """`/` the list, `/{number}` one mail, `/api/mails` as JSON."""
        return Starlette(routes=[Route("/", self._list), Route("/api/mails", self._json),
                                 Route("/{number:int}", self._one)])

    async def _list(self, request: Request) -> Response:
        base = request.scope.get("root_path", "")
        rows = "".join(
            f'<tr><td>{m.number}</td><td>{html.escape(", ".join(m.to))}</td>'
            f'<td><a href="{base}/{m.number}">{html.escape(str(m.message["subject"]))}</a></td></tr>'
            for m in self.mails
        )
        head = "<thead><tr><th>Nro</th><th>Vastaanottaja</th><th>Aihe</th></tr></thead>"
        empty = "<p>Ei vielä yhtään viestiä. Ohjaa asiakas, niin palveluntuottaja saa ilmoituksen.</p>"
        body = f"<table>{head}<tbody>{rows}</tbody></table>" if rows else empty
        return _page("Sähköpostit", f"<p>Demon postilaatikko. Mitään ei lähetetä eteenpäin.</p>{body}")

    async def _one(self, request: Request) -> Response:
        mail = next((m for m in self.mails if m.number == request.path_params["number"]), None)
        if mail is None:
            return _page("Viestiä ei ole", "<p>Tätä viestiä ei ole enää.</p>", status=404)
        head = "".join(f"<dt>{n}</dt><dd>{html.escape(str(mail.message[n]))}</dd>"
                       for n in ("From", "To", "Subject", "Date", "Message-ID"))
        return _page(str(mail.message["subject"]), f"<dl>{head}</dl><pre>{html.escape(mail.text)}</pre>")

    async def _json(self, _: Request) -> Response:
        return JSONResponse([
            {"number": m.number, "to": m.to, "subject": str(m.message["subject"]),
             "message_id": str(m.message["message-id"]), "text": m.text} for m in self.mails
        ])


def _page(title: str, body: str, status: int = 200) -> HTMLResponse:
    return HTMLResponse(
        '<!doctype html><html lang="fi"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{html.escape(title)} – Yhdyspinta</title></head><body><main><h1>{html.escape(title)}</h1>{body}"
        "</main></body></html>",
        status_code=status,
        headers={"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'",
                 "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store"},
    )
