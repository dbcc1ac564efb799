"""Name and phone of no client, looked for everywhere: log segments, database files, WAL, logs, traces, mails, answers.

All services run in this process. Clients with marked names are referred, by programs and on the pages, with all
mistakes that people and programs make; other systems send what they must not. Then every byte that is left is searched
[privacy.md, What must not be printed].
"""

import asyncio
import gc
import io
import json
import logging
import random
import re
import traceback
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from datetime import timedelta
from email import message_from_bytes, policy
from typing import Any
from uuid import uuid4

import httpx
import orjson
import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import generate_latest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from chassis import telemetry, tokens
from chassis.web.edge import HEADERS
from chassis.web.routes import table
from contracts.leaves import leaves
from contracts.topics import SYSTEMS, TOPICS, dead_letter_topic
from tests.component import coaching_side
from tests.component.mail_side import Moody, fill
from tests.component.referral_side import wanted
from tests.contract.examples import STRUCTURED, example
from tests.integration.marks import CORE, Marked, marks_in, marks_in_files
from tests.stack import Running, Stack, World
from tests.waiting import until
from tests.web_site import form_key, sign_in
from yhdyspinta.demo import issuer
from yhdyspinta.embedded.processes import free_port
from yhdyspinta.serve import SERVICES, compose, listening

pytestmark = pytest.mark.timeout(300)
SENDERS = ("lempaala-party", "lempaalan-kehitys-crm", "lempaala-feedback")
"""One of each kind of other system; the others of a kind are read by the same code."""
SCOPES = {
    "referral": ("referrals", "referrals:read", "contact-details"),
    "coaching": ("cases", "cases:read", "contact-details"), "leads": ("leads",), "feedback": ("feedback",),
    "notify": ("notices",), "reporting": ("figures:read",),
}
ORGANISATIONS = {"referral": "tampere-region"}
PEOPLE = {"referral": "mikko-mallila", "coaching": "sanni-esimerkki", "leads": "helena-mallila",
          "feedback": "leena-kokeilu", "notify": "jari-harjoitus", "reporting": "sanni-esimerkki"}
FIELDS = ("name", "phone", "reason", "number", "note", "on", "at", "channel", "coach", "case_manager", "municipality",
          "service", "need", "again", "earlier", "kind", "outcome", "place", "client_language", "language", "to",
          CORE)


@dataclass
class Seen:
    """What came of the story, and where it can be looked at."""

    answers: list[str] = field(default_factory=list)
    headers: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    logs: str = ""
    printed: str = ""
    spans: str = ""
    mails: list[bytes] = field(default_factory=list)
    metrics: bytes = b""
    tables: list[str] = field(default_factory=list)
    headers_of_letters: list[str] = field(default_factory=list)
    records: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    number: str = ""
    referral_id: str = ""
    left_out: tuple[str, ...] = ()


@dataclass
class Site:
    """The services over HTTP. Every answer is looked at: headers, and a value given back in what went wrong."""

    address: str
    world: World
    running: Running
    seen: Seen
    people: Iterator[Marked]

    def client(self, token: str | None = None) -> httpx.AsyncClient:
        headers = {"authorization": f"Bearer {token}"} if token else {"sec-fetch-site": "same-origin"}
        return httpx.AsyncClient(base_url=self.address, headers={**headers, "accept-language": "en"}, timeout=20,
                                 event_hooks={"response": [self.look]})

    async def look(self, answer: httpx.Response) -> None:
        request = answer.request
        if "/issuer/" in str(request.url):
            return
        where = f"{request.method} {request.url.path} {answer.status_code}"
        missing = [name for name, value in HEADERS.items() if answer.headers.get(name) != value]
        if "/static/" not in where and answer.headers.get("cache-control") != "no-store":
            missing.append("Cache-Control")
        if missing:
            self.seen.headers.append(f"{where}: {missing}")
        key = str(answer.status_code)
        self.seen.counts[key] = self.seen.counts.get(key, 0) + 1
        if answer.status_code >= 500:
            self.seen.faults.append(where)
        body = await answer.aread()
        is_form_again = b'name="form_key"' in body or answer.status_code == 401 or where == "GET /referral/refer 422"
        if answer.status_code >= 400 and ("/api/" in where or not is_form_again):
            self.seen.answers += [f"{where}: {found}" for found in marks_in(body)]

    async def token(self, service: str) -> str:
        async with self.running.services[service].database.begin() as db:
            organisation = ORGANISATIONS.get(service, "lempaala")
            _, made = await tokens.make(db, "test", organisation, SCOPES[service], db.now + timedelta(days=300))
        return made


@asynccontextmanager
async def site_of(world: World, seen: Seen) -> AsyncIterator[Site]:
    port, mail_port = free_port(), free_port()
    address = f"http://127.0.0.1:{port}"
    people = issuer.application(f"{address}/issuer", world.clock, demo=True)
    rates = {"session_rate": "100000", "token_rate": "100000"}
    marked = (Marked(number) for number in range(1, 1000))
    async with (
        Moody().listening(mail_port) as mails,
        world.running(*SERVICES, public_url=address, issuer=f"{address}/issuer", smtp_port=mail_port,
                      extra=rates) as running,
    ):
        await fill(running, mailbox="valmennus@lempaala.invalid")
        async with listening(compose(list(running.services.values()), {"/issuer": people}), "127.0.0.1", port):
            yield Site(address, world, running, seen, marked)
        seen.mails = mails.mails


@contextmanager
def recorded(seen: Seen) -> Iterator[None]:
    """Logs as a service writes them, spans, and what is printed, while the block runs."""
    root, lines, printed, spans = logging.getLogger(), io.StringIO(), io.StringIO(), InMemorySpanExporter()
    handlers, level = list(root.handlers), root.level
    provider: Any = trace.get_tracer_provider()
    processor = SimpleSpanProcessor(spans)
    provider.add_span_processor(processor)
    telemetry.set_up("canary", stream=lines)
    try:
        with redirect_stdout(printed), redirect_stderr(printed):
            yield
    finally:
        root.handlers[:], root.level = handlers, level
        provider._active_span_processor._span_processors = tuple(
            p for p in provider._active_span_processor._span_processors if p is not processor)
        seen.logs, seen.printed = lines.getvalue(), printed.getvalue()
        seen.spans = "\n".join(span.to_json(indent=None) for span in spans.get_finished_spans())


# --- the story


async def refer(site: Site, program: httpx.AsyncClient, **other: Any) -> httpx.Response:
    client = next(site.people)
    body = wanted(site.world.clock(), name=client.name, phone=client.phone, case_manager="mikko-mallila") | other
    return await program.post("/referral/api/referrals", json=body, headers={"Idempotency-Key": str(uuid4())})


async def programs(site: Site) -> tuple[str, str]:
    """Clients referred by a program, to the end and with mistakes; a referral's and its case's id."""
    async with site.client(await site.token("referral")) as area, site.client(await site.token("coaching")) as side:
        made = [(await refer(site, area)).json() for _ in range(6)]
        client, key = next(site.people), str(uuid4())
        for name, phone in ((client.name, client.phone), (client.name + "2", client.phone), (client.name, "041")):
            body = wanted(site.world.clock(), name=name, phone=phone, case_manager="mikko-mallila")
            await area.post("/referral/api/referrals", json=body, headers={"Idempotency-Key": key})
        named = f"{CORE}.0415550001"
        body = wanted(site.world.clock(), name=client.name, phone=client.national, case_manager="mikko-mallila")
        for _ in range(2):
            again = await area.post("/referral/api/referrals", json=body, headers={"Idempotency-Key": named})
            assert again.status_code == 201, again.text
        for mistake in mistakes():
            assert (await refer(site, area, **mistake)).status_code == 422
        whole = orjson.dumps(wanted(site.world.clock(), name=client.name, phone=client.phone))
        for broken in (whole[:-9], b"[" + whole, whole.replace(b'"name"', b'"n\xff"'), whole * 300, b"[" * 40 + whole):
            answer = await area.post("/referral/api/referrals", content=broken, headers={
                "Idempotency-Key": str(uuid4()), "content-type": "application/json"})
            assert answer.status_code in (400, 413, 422), answer.text
        first = made[0]
        case = await coaching_side.Provider(side, side.headers["authorization"][7:]).case_of(
            first["number"], contact_details="here")
        for http, path in ((area, f"/referral/api/referrals/{first['referral_id']}"),
                           (side, f"/coaching/api/cases/{case['case_id']}")):
            shown = await http.post(f"{path}/contact-details", headers={"Idempotency-Key": str(uuid4())},
                                    json={"reason": "client-asked" if http is area else "contact-attempt"})
            assert (shown.status_code, shown.headers["cache-control"]) == (200, "no-store"), shown.text
            assert marks_in(shown.content)
        for end in ("withdrawal", "cancellation"):
            path = f"/referral/api/referrals/{made.pop()['referral_id']}/{end}"
            assert (await area.post(path, json={}, headers={"Idempotency-Key": str(uuid4())})).status_code == 200
    site.seen.number, site.seen.referral_id = first["number"], first["referral_id"]
    return first["referral_id"], case["case_id"]


def mistakes() -> list[dict[str, Any]]:
    a = Marked(990)
    return [
        {"phone": a.phone + "x"}, {"phone": f"{a.national} äiti"}, {"phone": "tel:" + a.phone}, {"name": a.name * 8},
        {"name": a.name + "\u202e"}, {"name": {"first": a.name}}, {"name": [a.name]}, {"phone": 358415550990},
        {"case_manager": a.name}, {"service": a.name}, {"municipality": a.phone}, {"need": a.name},
        {"birth_year": a.name}, {"consent": a.name}, {a.name: a.phone}, {"consent": {"given_at": a.name}},
        {"provider": a.phone}, {CORE: 1},
    ]


async def pages(site: Site, referral_id: str, case_id: str) -> None:
    """Clients referred on the pages, to the end and with mistakes in the form."""
    step = "/referral/refer/consent?municipality=lempaala&birth_year=2001&service=coaching"
    async with site.client() as browser:
        await sign_in(browser, PEOPLE["referral"], "/referral/")
        for number in range(10):
            client = next(site.people)
            form = {
                "form_key": form_key(await browser.get(step)), "municipality": "lempaala", "birth_year": "2001",
                "service": "coaching", "client_language": "fi", "consented": "yes", "on": "2.3.2026", "at": "8.55",
                "name": client.name, "phone": client.national, "case_manager": PEOPLE["referral"],
            }
            wrong: dict[str, str] = [
                {}, {"phone": client.national + "x"}, {"name": client.name * 8}, {"consented": ""}, {"on": client.name},
                {"case_manager": client.name}, {"at": client.phone}, {"name": client.name + "\x07"},
                {CORE: client.phone}, {"again": client.name},
            ][number]
            sent = await browser.post("/referral/refer/consent", data=form | wrong)
            assert sent.status_code == (303 if number in (0, 8, 9) else 422), (number, sent.text)
            again = await browser.post("/referral/refer/consent", data=form | {"name": client.name + "2"})
            assert again.status_code in (303, 409), again.text
            files = {"name": (client.name, client.name.encode())}
            await browser.post("/referral/refer/consent", data={**form, "form_key": str(uuid4())}, files=files)
        path = f"/referral/referrals/{referral_id}/contact-details"
        shown = await browser.post(path, data={"reason": "client-asked"})
        assert marks_in(shown.content)
        assert shown.headers["cache-control"] == "no-store"
        client = next(site.people)
        await browser.get("/referral/referrals", params={"number": client.national})
        await browser.get("/referral/referrals", params={"number": client.name})
        browser.cookies.clear()
        for path in ("/referral/referrals", "/referral/refer"):
            answer = await browser.get(path, params={"number": client.name, "again": client.national})
            answer = await browser.get(answer.headers["location"])
            assert answer.status_code == 303
        await browser.post("/referral/refer/consent", data=form)
    async with site.client() as browser:
        await sign_in(browser, PEOPLE["coaching"], "/coaching/")
        shown = await browser.post(f"/coaching/cases/{case_id}/contact-details", data={"reason": "contact-attempt"})
        assert marks_in(shown.content)
        assert shown.headers["cache-control"] == "no-store"


async def every_route(site: Site, referral_id: str, case_id: str) -> None:
    """Each route of each service with marked data wherever it takes any: path, query, body, form; by its holder, by
    a stranger, and with an unfit token."""
    ids = {"referral_id": referral_id, "case_id": case_id}
    for service in SERVICES:
        app = site.running.services[service].app
        described = app.openapi()
        async with (site.client(await site.token(service)) as program, site.client(f"yp_{CORE}_{CORE}") as stranger,
                    site.client() as browser):
            await sign_in(browser, PEOPLE[service], f"/{service}/")
            for route in table(app):
                if route.path in ("/sign-out", "/sign-in", "/signed-in"):
                    continue
                client = next(site.people)
                for path in dict.fromkeys(
                    re.sub(r"{(\w+)}", lambda found, i=i, c=client: i.get(found[1], c.name), route.path)
                    for i in (ids, {}, dict.fromkeys(ids, str(uuid4())))
                ):
                    await _ask(site, route.kind, route.method, f"/{service}{path}", client,
                               described["paths"].get(route.path, {}), described, program, stranger, browser)


async def _ask(site: Site, kind: str, method: str, path: str, client: Marked, operations: Mapping[str, Any],
               described: Mapping[str, Any], program: httpx.AsyncClient, stranger: httpx.AsyncClient,
               browser: httpx.AsyncClient) -> None:
    query = dict.fromkeys(("number", "after", "status", "limit", "municipality", "birth_year", "need"), client.name)
    query |= {"service": client.phone, "year": client.national}
    if kind == "page":
        if method == "GET":
            await browser.get(path, params=query)
            await browser.get(path, params={"number": client.name * 5, "after": client.phone * 9, "show": "all"})
        else:
            typed = {name: client.name if name != "phone" else client.national for name in FIELDS}
            await browser.post(path, data={**typed, "form_key": str(uuid4())})
            await browser.post(path, data=typed)
            await browser.post(path, data={**typed, "form_key": client.name}, headers={"sec-fetch-site": "cross-site"})
        return
    if method == "GET":
        await program.get(path, params=query)
        await stranger.get(path, params=query)
        return
    schema = operations.get(method.lower(), {}).get("requestBody", {}).get("content", {}).get(
        "application/json", {}).get("schema", {})
    every = bodies(schema, described, client)
    for body in every if client.name not in path else every[-1:]:
        await program.request(method, path, json=body, headers={"Idempotency-Key": str(uuid4())})
    await program.request(method, path, json=body)
    await program.request(method, path, content=client.name.encode(), headers={"Idempotency-Key": client.name.encode()})
    await stranger.request(method, path, json=body, headers={"Idempotency-Key": str(uuid4())})


def bodies(schema: Mapping[str, Any], described: Mapping[str, Any], client: Marked) -> list[Any]:
    """Bodies that the OpenAPI document asks for, marked in each field, and in one that it does not know."""
    if "$ref" in schema:
        schema = described["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]]
    names = list(schema.get("properties", {}))
    example = next(iter(schema.get("examples", [])), {})
    said = [example | {name: client.name} for name in names]
    return [*said, dict.fromkeys(names, client.name), example | {client.name: client.phone}, client.name, [client.name]]


async def systems(site: Site) -> None:
    """What other systems send with a name where none may be: in each field, attribute, header, and as no JSON."""
    for sender in SENDERS:
        client, topic = next(site.people), TOPICS[SYSTEMS[sender].writes]
        records: list[tuple[bytes | None, bytes | None, list[tuple[str, bytes | None]]]] = []
        for model in topic.models:
            event = example(model.__name__) | {"source": SYSTEMS[sender].source}
            key = str(event["subject"]).encode()
            free = {leaf.path for leaf in leaves(model) if leaf.free_text}
            records += [(key, orjson.dumps(event | {"id": str(uuid4()), "data": data}), STRUCTURED)
                        for data in marked_in_turn(event["data"], client.name, free)]
        whole = orjson.dumps(event | {"id": str(uuid4())})
        marked = orjson.dumps(event | {"id": str(uuid4()), client.name: client.phone})
        records += [
            (key, orjson.dumps(event | {name: client.name}), STRUCTURED) for name in event if name != "data"]
        records += [
            (client.name.encode(), whole, STRUCTURED), (key, marked, STRUCTURED), (key, marked[:-5], STRUCTURED),
            (key, client.name.encode(), STRUCTURED), (None, client.phone.encode(), []), (key, marked, []),
            (key, whole, [("content-type", client.name.encode())]), (key, whole, [*STRUCTURED, (CORE, None)] * 2),
            (key, orjson.dumps(event["data"]), [("ce_id", client.name.encode()), ("ce_type", client.phone.encode())]),
        ]
        tracing = [*STRUCTURED, ("traceparent", b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
                   ("tracestate", f"x={CORE},y={client.phone}".encode())]
        for name in ("CompanyVisitPlanned", "CaseOpened", "FeedbackSubmitted"):
            good = example(name) | {"source": SYSTEMS[sender].source, "id": str(uuid4())}
            records.append((str(good["subject"]).encode(), orjson.dumps(good), tracing))
        for record in records:
            await site.world.send(sender, topic.name, *record)
    for sender, service in zip(SENDERS, ("coaching", "leads", "feedback"), strict=True):
        await site.world.read_to_the_end(service, SYSTEMS[sender].writes)


def marked_in_turn(data: Any, mark: str, free: set[str], path: str = "") -> Iterator[Any]:
    """The data with the mark in the place of each text in turn, and in a field that nobody knows."""
    if isinstance(data, dict):
        for name, value in data.items():
            for changed in marked_in_turn(value, mark, free, f"{path}/{name}" if path else name):
                yield data | {name: changed}
        yield data | {mark: 1}
        yield data | {CORE: mark}
    elif isinstance(data, list):
        for place, value in enumerate(data):
            for changed in marked_in_turn(value, mark, free, f"{path}/*"):
                yield [*data[:place], changed, *data[place + 1:]]
    elif path not in free:
        yield mark


async def faults(site: Site, referral_id: str, case_id: str) -> None:
    """What nobody expected: a table that is away, a row that is there already, values of another type or length."""
    client = next(site.people)
    owner = await site.world.connect("referral", "referral_owner")
    await owner.execute("alter table referrals rename to away")
    async with site.client(await site.token("referral")) as program, site.client() as browser:
        answer = await refer(site, program)
        assert answer.status_code == 500, answer.text
        await sign_in(browser, PEOPLE["referral"], "/referral/refer")
        key = str(uuid4())
        typed = {"form_key": key, "name": client.name, "phone": client.national}
        answer = await browser.post(f"/referral/referrals/{referral_id}/details", data=typed)
        assert answer.status_code == 500, answer.text
    await owner.execute("alter table away rename to referrals")
    await owner.close()
    database = site.running.services["coaching"].database
    log = logging.getLogger("tests.canary")
    row = {"a": client.name, "b": client.phone}
    owner = await site.world.connect("coaching", "coaching_owner")
    await owner.execute("create unlogged table scratch (a text primary key, b varchar(30), c integer)")
    for statement in (
        "insert into scratch (a, b) values (:a, :b), (:a, :b)",
        "insert into scratch (a, b) values (null, :b)",
        "insert into scratch (a, b) values (:b, repeat(:a, 2))",
        "insert into scratch (a, c) values (:b, cast(cast(:a as text) as integer))",
        "insert into scratch (a, c) values (:b, :a)",
        "select cast(cast(:a as text) || cast(:b as text) as uuid)",
    ):
        asked = {name: value for name, value in row.items() if f":{name}" in statement}

        async def fails(statement: str = statement, asked: Mapping[str, str] = asked) -> None:
            async with database.begin() as db:
                await db.execute(text(statement), asked)

        with pytest.raises(SQLAlchemyError) as fault:
            await fails()
        site.seen.errors.append("".join(traceback.format_exception(fault.value)))
        log.error("a fault", exc_info=fault.value)
        task = asyncio.ensure_future(fails())
        await asyncio.wait({task})
        del task, fault  # nobody asks for its result: asyncio complains of it in the log
    await owner.execute("drop table scratch")
    await owner.close()
    gc.collect()


# --- what is left


async def tables(world: World) -> list[str]:
    """Marks in the rows of all tables, as text."""
    found = []
    for service in SERVICES:
        connection = await world.connect(service, "postgres")
        for row in await connection.fetch(
            "select schemaname, tablename from pg_tables where schemaname not in ('pg_catalog', 'information_schema')"
        ):
            name = f'"{row["schemaname"]}"."{row["tablename"]}"'
            rows = await connection.fetch(f"select t::text as whole from {name} t")  # noqa: S608
            found += [f"{service} {name}: {mark}" for each in rows for mark in marks_in(each["whole"].encode())]
        await connection.execute("checkpoint")
        await connection.close()
    return found


async def topics(world: World, left_out: Sequence[str]) -> tuple[list[str], list[str]]:
    """Marks in all records but those of the topics left out, and in the headers that dead letters got."""
    found, letters = [], []
    for name in TOPICS:
        for record in await world.records(name):
            if name in left_out:
                added = [(n, v) for n, v in record.headers if n.startswith("dead-letter-")]
                letters += [f"{name}: {mark}" for mark in marks_in(repr(added).encode() + _joined(added))]
                continue
            whole = (record.key or b"") + b" " + (record.value or b"") + b" " + _joined(record.headers)
            found += [f"{name}@{record.offset}: {mark}" for mark in marks_in(whole)]
    return found, letters


def _joined(headers: Sequence[tuple[str, bytes | None]]) -> bytes:
    return b" ".join(n.encode() + b"=" + (v or b"") for n, v in headers)


@pytest.fixture(scope="module")
async def seen(own_stack: Stack) -> AsyncIterator[tuple[Seen, Stack]]:
    """The whole story, played once; the services have ended after it, and a checkpoint has brought all to the disk."""
    seen = Seen()
    async with own_stack.world() as world:
        with recorded(seen):
            async with site_of(world, seen) as site:
                ids = await programs(site)
                await pages(site, *ids)
                await systems(site)
                await every_route(site, *ids)
                assert seen.faults == []
                await faults(site, *ids)
                await until(lambda: mailed(site), 20, what="a mail about a referral")
        seen.metrics = generate_latest()
        left_out = {*(SYSTEMS[s].writes for s in SENDERS), *map(dead_letter_topic, SERVICES)}
        seen.tables = await tables(world)
        seen.records, seen.headers_of_letters = await topics(world, sorted(left_out))
        seen.left_out = tuple(f"/{world.topic(name)}-" for name in left_out)
        yield seen, own_stack


async def mailed(site: Site) -> bool:
    found = [r.value for r in await site.world.records("area.notices.v1") if r.value and b"NoticeSent" in r.value]
    return bool(found)


def test_the_search_sees_marks_however_they_are_spelled() -> None:
    import base64
    import urllib.parse

    client = Marked(7)
    for spelled in (client.name, client.name.upper(), client.phone, client.national, "0415550007", "041-5550007",
                    client.phone[1:]):
        raw = spelled.encode()
        for content in (raw, b"{" + raw + b"}", json.dumps(spelled).encode(), urllib.parse.quote(spelled).encode(),
                        urllib.parse.quote_plus(spelled).encode()):
            assert marks_in(content), content
        if "-" not in spelled or CORE in spelled.lower():
            for before in range(3):
                assert marks_in(base64.b64encode(b"-" * before + raw)), (before, spelled)
                assert marks_in(base64.urlsafe_b64encode(b"-" * before + raw))
            assert marks_in(raw.hex().encode())
            assert marks_in(spelled.encode("utf-16-le")), spelled
    rest = random.Random(7).randbytes(1_000_000)  # noqa: S311 - noise
    assert not marks_in(rest + rest.hex().encode() + base64.b64encode(rest))


def test_the_search_looks_where_the_story_has_left_its_traces(seen) -> None:
    told, stack = seen
    known = told.referral_id.encode()
    for place in (stack.kafka.data, stack.postgres.data / "base", stack.postgres.data / "pg_wal"):
        assert any(known in path.read_bytes() for path in place.rglob("*") if path.is_file()), place
    assert len(told.spans.splitlines()) > 500
    assert '"trace_id"' in told.logs
    assert "dead letter" in told.logs
    assert told.number.encode() in b"".join(
        message_from_bytes(mail, policy=policy.default).as_bytes() for mail in told.mails)
    assert {"200", "201", "303", "401", "404", "409", "413", "422", "500"} <= told.counts.keys()


def test_no_file_of_broker_database_or_key_store_holds_a_client(seen) -> None:
    told, stack = seen
    assert marks_in_files([stack.folder], told.left_out) == []


def test_no_table_holds_a_client(seen) -> None:
    assert seen[0].tables == []


def test_no_record_holds_a_client_but_as_another_system_sent_it(seen) -> None:
    assert seen[0].records == []
    assert seen[0].headers_of_letters == []


def test_no_text_of_a_database_fault_quotes_a_value(seen) -> None:
    classes = ("UniqueViolation", "NotNullViolation", "StringDataRightTruncation", "InvalidTextRepresentation",
               "DataError", "InvalidTextRepresentation")
    for error, name in zip(seen[0].errors, classes, strict=True):
        assert name in error
        assert marks_in(error.encode()) == []


@pytest.mark.parametrize("place", ["logs", "printed", "spans"])
def test_nothing_that_is_written_down_of_the_work_holds_a_client(seen, place: str) -> None:
    assert marks_in(getattr(seen[0], place).encode()) == []


def test_no_metric_holds_a_client(seen) -> None:
    assert marks_in(seen[0].metrics) == []


def test_no_mail_holds_a_client(seen) -> None:
    assert seen[0].mails
    for mail in seen[0].mails:
        message = message_from_bytes(mail, policy=policy.default)
        texts = [part.get_content() for part in message.walk() if part.get_content_maintype() == "text"]
        assert marks_in(mail + "\n".join(texts).encode() + str(message.items()).encode()) == []


def test_no_refusal_and_no_fault_gives_back_what_was_sent(seen) -> None:
    assert seen[0].answers == []


def test_every_answer_has_the_headers_that_shut_the_browsers_doors(seen) -> None:
    assert seen[0].headers == []


def test_an_access_log_has_no_addresses(seen) -> None:
    told: Seen = seen[0]
    assert "?" not in told.logs.replace("?</", "")
    assert "HTTP/1.1" not in told.logs
