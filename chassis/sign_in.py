"""Sign-in with OpenID Connect: authorization code, PKCE, nonce, state [privacy.md, Who may do what].

The issuer is a setting; its claims are `sub` (staff id), `name`, `organisation`, `roles`, `language` and
`services` (where the person works: names, or names with addresses). An attempt is kept in the database for ten
minutes, is used once, and is bound to the browser that began it.
"""

import hashlib
import re
import secrets
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

import authlib.deprecate  # noqa: F401 - it lets its own warnings through: first it, then the silence
import httpx
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry
from sqlalchemy import Column, DateTime, LargeBinary, MetaData, Table, Text, delete, insert

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the library asks for another HTTP client than the one it is locked with
    from authlib.integrations.base_client import OAuthError
    from authlib.integrations.httpx_client import AsyncOAuth2Client
from authlib.oidc.core import CodeIDToken

from chassis import security, sessions
from chassis.database import Database
from chassis.decisions import Refusal, Refused
from chassis.policy import Principal
from chassis.settings import Settings, SettingsError, closed

DDL = sessions.DDL + """;
create table sign_ins (
    state bytea primary key,
    browser bytea not null,
    nonce text not null,
    verifier text not null,
    back_to text not null,
    at timestamptz not null
)
"""

sign_ins = Table(
    "sign_ins", MetaData(),
    Column("state", LargeBinary, primary_key=True),
    Column("browser", LargeBinary, nullable=False),
    Column("nonce", Text, nullable=False),
    Column("verifier", Text, nullable=False),
    Column("back_to", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
)

ATTEMPT = timedelta(minutes=10)
METADATA_KEPT = timedelta(minutes=10)
ALGORITHMS = ["RS256", "PS256", "ES256", "Ed25519"]
LEEWAY_SECONDS = 60
_CODE = re.compile(r"[a-z0-9-]{1,64}")
_NONCE = bytes(12)


@dataclass(frozen=True)
class SignInFailed(Refusal):
    code = "sign-in-failed"
    sentence_en = "Signing in did not succeed. Go back to the page you wanted and try again."
    sentence_fi = "Kirjautuminen ei onnistunut. Palaa sivulle, jolle olit menossa, ja yritä uudelleen."
    status = 400


@dataclass(frozen=True)
class NotOfThisService(Refusal):
    code = "not-of-this-service"
    sentence_en = "Your account has no work in this service. Ask your organisation's operator if it should have."
    sentence_fi = "Tunnuksellasi ei ole tehtäviä tässä palvelussa. Jos pitäisi olla, kysy organisaation pääkäyttäjältä."
    status = 403


@dataclass(frozen=True)
class IssuerSilent(Refusal):
    code = "issuer-silent"
    sentence_en = "The sign-in service does not answer. Try again in a moment."
    sentence_fi = "Kirjautumispalvelu ei vastaa. Yritä hetken kuluttua uudelleen."
    status = 503


@dataclass(frozen=True)
class Begun:
    """Where the browser is sent, and what its cookie must hold when it comes back."""

    address: str
    browser: str


@dataclass(frozen=True)
class SignedInBy:
    """Who came back from the issuer, when they proved who they are, and the path to go back to."""

    who: Principal
    at: datetime
    back_to: str


class Issuer:
    """The issuer of the set-up, as one service sees it; what it says of itself is kept for ten minutes."""

    def __init__(self, settings: Settings, transport: httpx.AsyncBaseTransport | None = None) -> None:
        _check_address(settings.issuer, "OIDC_ISSUER")
        self.settings, self._transport = settings, transport
        self.client_id = f"yhdyspinta-{settings.service}"
        self.back = f"{settings.public_url}{settings.prefix_path}/signed-in"
        self._metadata: dict[str, Any] = {}
        self._keys: KeySet | None = None
        self._at: datetime | None = None

    async def begin(self, database: Database, back_to: str, browser: str | None, *, again: bool = False) -> Begun:
        """Keeps a new attempt. `browser` is what the browser's cookie holds from an attempt before; `again` asks
        the issuer to have the person sign in anew. Raises `Refused(IssuerSilent)`."""
        metadata = await self._read(database.clock())
        state, nonce, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(32), secrets.token_urlsafe(48)
        browser = browser if browser and len(browser) == len(state) else secrets.token_urlsafe(32)
        async with database.begin() as db:
            await db.execute(insert(sign_ins).values(
                state=_hash(state), browser=_hash(browser), nonce=nonce, verifier=verifier,
                back_to=_seal(back_to, state), at=db.now))
        async with self._client() as client:
            fresh = {"prompt": "login", "max_age": 0} if again else {"max_age": int(sessions.LONGEST.total_seconds())}
            address, _ = client.create_authorization_url(
                metadata["authorization_endpoint"], state=state, code_verifier=verifier, nonce=nonce, **fresh)
        return Begun(address, browser)

    async def finish(self, database: Database, state: str, code: str, browser: str) -> SignedInBy:
        """Who signed in, when, and the path to go back to. An attempt is used up whatever comes of it, and no
        connection is held while the issuer is asked. Raises `Refused`: `SignInFailed`, `NotOfThisService`,
        `IssuerSilent`."""
        now = database.clock()
        async with database.begin() as db:
            attempt = (
                await db.execute(delete(sign_ins).where(
                    sign_ins.c.state == _hash(state), sign_ins.c.browser == _hash(browser)).returning(sign_ins))
            ).one_or_none()
        if attempt is None or attempt.at < now - ATTEMPT:
            raise Refused(SignInFailed())
        metadata = await self._read(now)
        async with self._client() as client:
            try:
                answer = await client.fetch_token(
                    metadata["token_endpoint"], code=code, code_verifier=attempt.verifier)
            except OAuthError as fault:
                security.refused("sign-in-refused", self.settings.service, about=type(fault).__name__)
                raise Refused(SignInFailed()) from None
            except (httpx.HTTPError, ValueError):
                raise Refused(IssuerSilent()) from None
        claims = await self._claims(answer, attempt.nonce, now)
        return SignedInBy(self._principal(claims), _signed_in_at(claims, now, self.settings.service),
                          _unseal(attempt.back_to, state))

    def end_address(self) -> str | None:
        """Where a person signs out of the issuer too, if it has such a place."""
        address = self._metadata.get("end_session_endpoint")
        return f"{address}?{urlencode({'client_id': self.client_id})}" if isinstance(address, str) else None

    async def _claims(self, answer: Mapping[str, Any], nonce: str, now: datetime) -> Mapping[str, Any]:
        if self._keys is None:
            raise Refused(IssuerSilent())
        try:
            token = jwt.decode(
                answer["id_token"], self._keys,
                registry=JWSRegistry(algorithms=ALGORITHMS, strict_check_header=False))
            claims: Any = CodeIDToken(
                token.claims, token.header,
                {"iss": {"essential": True, "value": self.settings.issuer},
                 "aud": {"essential": True, "value": self.client_id}, "nonce": {"essential": True}},
                {"nonce": nonce, "client_id": self.client_id, "access_token": answer.get("access_token")})
            claims.validate(now=int(now.timestamp()), leeway=LEEWAY_SECONDS)
        except (JoseError, ValueError, KeyError, TypeError) as fault:
            security.refused("sign-in-unfit-token", self.settings.service, about=type(fault).__name__)
            self._at = None
            raise Refused(SignInFailed()) from None
        checked: Mapping[str, Any] = claims
        return checked

    def _principal(self, claims: Mapping[str, Any]) -> Principal:
        """The claims as a principal; refused where they are not ours to the letter."""
        person, organisation, roles = claims.get("sub"), claims.get("organisation"), claims.get("roles")
        name, language = claims.get("name"), claims.get("language")
        wellformed = (
            isinstance(person, str) and _CODE.fullmatch(person)
            and isinstance(organisation, str) and _CODE.fullmatch(organisation)
            and isinstance(roles, list) and all(isinstance(r, str) and _CODE.fullmatch(r) for r in roles)
            and isinstance(name, str) and 0 < len(name) <= 120
        )
        if not wellformed:
            security.refused("sign-in-unfit-claims", self.settings.service)
            raise Refused(SignInFailed())
        services = self._services(claims.get("services"))
        if self.settings.service not in services:
            security.refused("sign-in-not-of-this-service", self.settings.service, who=str(person))
            raise Refused(NotOfThisService())
        return Principal(
            "person", str(person), str(name), str(organisation), frozenset(roles or ()),
            language if language in sessions.LANGUAGES else "fi", services=services)

    def _services(self, claim: Any) -> dict[str, str]:
        if isinstance(claim, list):
            return {s: f"{self.settings.public_url}/{s}" for s in claim if isinstance(s, str) and _CODE.fullmatch(s)}
        if isinstance(claim, dict):
            return {s: a for s, a in claim.items() if isinstance(a, str) and a.startswith(("https://", "http://"))}
        return {}

    async def _read(self, now: datetime) -> dict[str, Any]:
        """The issuer's own description, and its keys."""
        if self._at is not None and abs(now - self._at) < METADATA_KEPT:
            return self._metadata
        async with httpx.AsyncClient(transport=self._transport, timeout=5) as client:
            try:
                found = await client.get(f"{self.settings.issuer}/.well-known/openid-configuration")
                metadata = found.raise_for_status().json()
                for place in ("jwks_uri", "token_endpoint", "authorization_endpoint"):
                    _check_address(metadata[place], place)
                keys = (await client.get(metadata["jwks_uri"])).raise_for_status().json()
                self._keys = KeySet.import_key_set(keys)
            except SettingsError as fault:
                security.alarm("issuer-without-tls", self.settings.service)
                raise Refused(IssuerSilent()) from fault
            except (httpx.HTTPError, JoseError, ValueError, KeyError, TypeError) as fault:
                security.refused("issuer-silent", self.settings.service, about=type(fault).__name__)
                raise Refused(IssuerSilent()) from None
        if metadata.get("issuer") != self.settings.issuer:
            security.alarm("issuer-is-another", self.settings.service)
            raise Refused(IssuerSilent())
        self._metadata, self._at = metadata, now
        return self._metadata

    def _client(self) -> Any:
        secret = self.settings.secrets / "oidc-client-secret"
        return AsyncOAuth2Client(
            client_id=self.client_id, redirect_uri=self.back, scope="openid profile",
            client_secret=secret.read_text().strip() if secret.exists() else None,
            token_endpoint_auth_method="client_secret_basic" if secret.exists() else "none",  # noqa: S106
            code_challenge_method="S256", transport=self._transport, timeout=5)


def _check_address(address: str, name: str) -> None:
    """Raises `SettingsError` where codes, secrets or keys would go over an open line."""
    url = urlsplit(address)
    if not closed(address):
        raise SettingsError(f"{name} must be an https address; {url.scheme}://{url.netloc} is not.")


def _signed_in_at(claims: Mapping[str, Any], now: datetime, service: str) -> datetime:
    """The instant of `auth_time`, which an issuer gives to who asks with `max_age` [OpenID Connect Core, 3.1.2.1]: a
    single sign-on of this morning is no fresh sign-in. Raises `Refused` where it is missing or out of bounds."""
    given, at = claims.get("auth_time"), now.timestamp()
    if isinstance(given, bool) or not isinstance(given, int | float) or not (
        at - sessions.LONGEST.total_seconds() - LEEWAY_SECONDS <= given <= at + LEEWAY_SECONDS
    ):
        security.refused("sign-in-not-fresh", service)
        raise Refused(SignInFailed())
    return datetime.fromtimestamp(min(given, at), UTC)


async def forget(database: Database) -> None:
    """Deletes attempts that nobody finished; a timer runs it."""
    async with database.begin() as db:
        await db.execute(delete(sign_ins).where(sign_ins.c.at < db.now - ATTEMPT))


def _seal(path: str, state: str) -> str:
    """A path as the database keeps it: its query may hold what somebody searched for, so it is encrypted under the
    attempt's state, of which the database has no more than a hash."""
    return AESGCM(_key(state)).encrypt(_NONCE, path.encode(), None).hex()


def _unseal(sealed: str, state: str) -> str:
    return AESGCM(_key(state)).decrypt(_NONCE, bytes.fromhex(sealed), None).decode()


def _key(state: str) -> bytes:
    """Each state is new, and so is its key: one nonce is enough."""
    return hashlib.sha256(f"yhdyspinta/back-to/{state}".encode()).digest()


def _hash(value: str) -> bytes:
    return hashlib.sha256(value.encode()).digest()
