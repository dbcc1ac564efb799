"""Everything is killed at random instants while referrals come in: a program.

`python -m tests.system.storm --referrals 2000 --seed 1` starts a stack of its own, the six services as processes of
their own (referral and coaching twice), sends referrals over HTTP and drives two of three on, while it kills -9
services, Kafka, Postgres and single database connections and starts them anew. At the end it waits for rest and
looks for what was lost, came twice or differs (`tests.system.storm_checks`); it ends with 1 where something did.
"""

import argparse
import asyncio
import json
import logging
import multiprocessing
import os
import random
import sys
import threading
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from multiprocessing import connection
from pathlib import Path
from time import monotonic
from typing import Any
from uuid import uuid4

import httpx
import psutil

from chassis import tokens
from chassis.calendar import helsinki_day
from chassis.clock import system_clock
from chassis.database import Database
from contracts.events.directory import SeatFilled, StaffListed
from contracts.topics import SERVICES
from services.notify import handlers as notify
from tests.component.mail_side import Moody
from tests.component.referral_side import wanted
from tests.stack import Stack, World, stack
from tests.waiting import until
from yhdyspinta import provision
from yhdyspinta.embedded import EmbeddedError, Postgres
from yhdyspinta.embedded.processes import LOOPBACK, free_port
from yhdyspinta.serve import serve

log = logging.getLogger(__name__)
MADE = multiprocessing.get_context("forkserver")
PRELOADED = ["tests.system", "tests.stack", *(f"services.{service}.app" for service in SERVICES)]
TWICE = ("referral", "coaching")
SERVERS = ("kafka", "postgres", "connection")
ASK_AGAIN = (429, 500, 502, 503, 504)
COURSES = {
    "nothing": 30, "started": 14, "ended": 14, "withdrawn by area": 10, "withdrawn by provider": 8,
    "withdrawn by both": 4, "withdrawn at once": 4, "started, withdrawn": 6, "returned": 6, "cancelled": 4,
}
"""What becomes of referrals, and of how many in a hundred."""


def live(service: str, environment: dict[str, str], port: int, log: str) -> None:
    """A service's process: what `yhdyspinta serve` runs. It ends with the storm."""
    os.environ.update(environment)
    with open(log, "ab", buffering=0) as out:
        os.dup2(out.fileno(), 1)
        os.dup2(out.fileno(), 2)
    parent = multiprocessing.parent_process()

    def end_with_it() -> None:
        if parent is not None:
            connection.wait([parent.sentinel])
        os._exit(3)

    threading.Thread(target=end_with_it, daemon=True).start()
    asyncio.run(serve([provision.settings_of(service)], LOOPBACK, port))


@dataclass
class Process:
    """One replica of a service, started anew as often as it is killed."""

    service: str
    port: int
    environment: dict[str, str]
    log: str
    running: Any = None

    def start(self) -> None:
        self.running = MADE.Process(target=live, args=(self.service, self.environment, self.port, self.log))
        self.running.start()

    def kill(self) -> None:
        self.require_alive()
        self.running.kill()
        self.running.join()

    def require_alive(self) -> None:
        """Raises where it has ended by itself, with the last that it said."""
        if self.running.exitcode is not None:
            said = Path(self.log).read_text(errors="replace")[-6000:]
            raise AssertionError(f"{self.service} ended by itself ({self.running.exitcode}):\n{said}")


@dataclass
class Sent:
    """A referral that was accepted, and the acts that were accepted after it."""

    id: str
    number: str
    course: str
    case_id: str = ""
    acts: list[str] = field(default_factory=list)


@dataclass
class Storm:
    """The processes, the clients' requests and the kills."""

    world: World
    mails: Moody
    seed: int
    processes: list[Process] = field(default_factory=list)
    tokens: dict[str, str] = field(default_factory=dict)
    sent: list[Sent] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    seen: Counter[str] = field(default_factory=Counter)
    last_waits: list[str] = field(default_factory=list)
    calm: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)

    def of(self, service: str) -> list[Process]:
        return [p for p in self.processes if p.service == service]

    # --- the clients

    async def ask(self, http: httpx.AsyncClient, method: str, service: str, path: str, body: Any = None,
                  key: str | None = None) -> httpx.Response:
        """The answer of some replica; the same command is sent again until there is one."""
        headers = {"Authorization": f"Bearer {self.tokens[service]}", "Accept-Language": "en"}
        if method == "POST":
            headers["Idempotency-Key"] = key or str(uuid4())

        async def answered() -> httpx.Response | None:
            port = self.dice.choice(self.of(service)).port
            try:
                answer = await http.request(method, f"http://{LOOPBACK}:{port}/{service}/api{path}", json=body,
                                            headers=headers)
            except httpx.TransportError as fault:
                self.seen[f"request: {type(fault).__name__}"] += 1
                return None
            if answer.status_code in ASK_AGAIN or (answer.status_code == 409 and "in-progress" in answer.text):
                self.seen[f"request: {answer.status_code}"] += 1
                return None
            return answer

        return await until(answered, 180, what=f"an answer to {method} {service} {path}")

    async def act(self, http: httpx.AsyncClient, one: Sent, name: str, **body: Any) -> bool:
        """An act of the area (`area …`) or of the provider in the referral's case."""
        side, _, path = name.rpartition(" ")
        where = ("referral", f"/referrals/{one.id}/{path}") if side else ("coaching", f"/cases/{one.case_id}/{path}")
        answer = await self.ask(http, "POST", *where, body)
        if answer.status_code != 200:
            self.refused.append(f"{one.course}: {name}: {answer.status_code} {answer.text[:200]}")
            return False
        one.acts.append(name)
        return True

    async def refer(self, http: httpx.AsyncClient, course: str) -> Sent:
        body = wanted(datetime.now(UTC), municipality=self.dice.choice(["lempaala", "vesilahti"]))
        made = await self.ask(http, "POST", "referral", "/referrals", body)
        assert made.status_code == 201, made.text
        one = Sent(made.headers["Location"].rpartition("/")[2], "", course)
        self.sent.append(one)
        if course == "withdrawn at once":
            await self.act(http, one, "area withdrawal")
        one.number = (await self.ask(http, "GET", "referral", f"/referrals/{one.id}")).json()["number"]
        return one

    async def case_of(self, http: httpx.AsyncClient, one: Sent) -> str:

        async def there() -> str | None:
            cases = (await self.ask(http, "GET", "coaching", f"/cases?number={one.number}")).json()["cases"]
            return cases[0]["case_id"] if cases else None

        return await until(there, 240, what=f"a case for {one.number}")

    async def go_through(self, http: httpx.AsyncClient, course: str) -> None:
        """One referral from its consent to what becomes of it."""
        one = await self.refer(http, course)
        if course in ("nothing", "withdrawn at once"):
            return
        one.case_id = await self.case_of(http, one)
        today = helsinki_day(datetime.now(UTC))
        if course in ("started", "ended", "started, withdrawn"):
            later = datetime.combine(today + timedelta(days=1), datetime.min.time(), UTC) + timedelta(hours=11)
            await self.act(http, one, "attempts", channel="call", reached=True)
            await self.act(http, one, "appointments", at=later.isoformat(), place="lempaala-talo")
            await self.act(http, one, "meetings", on=today.isoformat(), kind="starter-package")
            await self.act(http, one, "start", on=today.isoformat())
        if course == "ended":
            await self.act(http, one, "end", on=today.isoformat(), outcome="education")
        elif course in ("withdrawn by area", "started, withdrawn"):
            await self.act(http, one, "area withdrawal")
        elif course == "withdrawn by provider":
            await self.act(http, one, "withdrawal")
        elif course == "withdrawn by both":
            before = len(self.refused)
            if any(await asyncio.gather(self.act(http, one, "area withdrawal"), self.act(http, one, "withdrawal"))):
                del self.refused[before:]
        elif course == "returned":
            await self.act(http, one, "return", reason="no-capacity")
        elif course == "cancelled":
            await self.act(http, one, "area cancellation")

    async def drive(self, referrals: int, clients: int, until_when: float) -> None:
        """Sends so many, or as many as the time allows."""
        courses = iter(self.dice.choices(list(COURSES), list(COURSES.values()), k=referrals))

        async def client(http: httpx.AsyncClient) -> None:
            for course in courses:
                if monotonic() > until_when:
                    return
                await self.go_through(http, course)

        async with httpx.AsyncClient(timeout=20) as http, asyncio.TaskGroup() as group:
            for _ in range(clients):
                group.create_task(client(http))

    # --- the kills

    def deck(self, rounds: int) -> list[Process | str]:
        """Each replica so often, and each server once, in random order."""
        cards: list[Process | str] = [*self.processes * rounds, *SERVERS]
        self.dice.shuffle(cards)
        return cards

    async def kill(self, pause: float, rounds: int, kills: int | None) -> None:
        """Kills so often, or until `calm`."""
        deck: list[Process | str] = []
        while kills is None or kills > 0:
            deck = deck or self.deck(rounds)
            try:
                await asyncio.wait_for(self.calm.wait(), self.dice.uniform(0, 2 * pause))
                return
            except TimeoutError:
                await asyncio.to_thread(self.strike, deck.pop())
                kills = kills and kills - 1

    def strike(self, victim: Process | str) -> None:
        began = monotonic()
        if isinstance(victim, Process):
            victim.kill()
            victim.start()
        elif victim == "kafka":
            _kill(self.world.stack.kafka.pid)
            self.world.stack.kafka.start()
        elif victim == "postgres":
            _kill(self.world.stack.postgres.pid)
            _start_again(self.world.stack.postgres)
        else:
            server = psutil.Process(self.world.stack.postgres.pid)
            clients = [child for child in server.children() if LOOPBACK in " ".join(child.cmdline())]
            if clients:
                _kill(self.dice.choice(clients).pid)
        name = victim.service if isinstance(victim, Process) else victim
        self.seen[f"killed: {name}"] += 1
        log.info("killed %s, started anew within %.1f s; %d sent", name, monotonic() - began, len(self.sent))


def _start_again(server: Postgres) -> None:
    """Orphans of a killed server hold its port until they notice."""
    for _ in range(100):
        try:
            server.start()
            return
        except EmbeddedError as fault:
            last = fault
    raise last


def _kill(pid: int | None) -> None:
    """Returns when it is gone, and its ports are."""
    if pid is not None:
        victim = psutil.Process(pid)
        victim.kill()
        psutil.wait_procs([victim], timeout=10)


def environment(world: World, service: str, port: int, smtp_port: int) -> dict[str, str]:
    """What an operator would give the service."""
    settings = world.settings(service)
    found = {
        f"DATABASE_URL_{service.upper()}": settings.database_url, "KAFKA_BOOTSTRAP": settings.kafka_bootstrap,
        "SECRETS_DIR": str(settings.secrets), "TRUST_DIR": str(settings.trust),
        "KAFKA_TOPIC_PREFIX": settings.topic_prefix, "PUBLIC_URL": f"http://{LOOPBACK}:{port}",
        "SMTP_PORT": str(smtp_port),
    }
    return found | ({"KEYS_DIR": str(settings.keys)} if settings.keys else {})


async def token(world: World, service: str, organisation: str, *scopes: str) -> str:
    database = Database(world.settings(service), system_clock)
    async with database.begin() as db:
        _, text = await tokens.make(db, "storm", organisation, scopes, db.now + timedelta(days=30))
    await database.close()
    return text


async def fill_directory(world: World) -> None:
    """A coach, a supervisor and a case manager who get mail."""
    database = Database(world.settings("notify"), system_clock)
    async with database.begin() as db:
        for person, organisation, role in (("sanni-salo", "lempaala", "coach"),
                                           ("mikko-maki", "tampere-region", "case-manager")):
            listed: dict[str, Any] = {"staff_id": person, "name": "Sanni Esimerkki", "roles": (role,),
                                      "organisation": organisation, "language": "fi"}
            await notify.list_person(db, StaffListed(**listed), f"{person}@{organisation}.invalid")
        seat: dict[str, Any] = {"organisation": "lempaala", "role": "coach", "holder": "sanni-salo", "substitutes": (),
                                "away_until": None}
        await notify.fill_seat(db, SeatFilled(**seat), None)
    await database.close()


@asynccontextmanager
async def gathering(world: World, seed: int, logs: Path | None = None) -> AsyncIterator[Storm]:
    """All processes up; killed after."""
    MADE.set_forkserver_preload(PRELOADED)
    smtp_port = free_port()
    async with Moody().listening(smtp_port) as mails:
        storm = Storm(world, mails, seed)
        logs = (logs or world.stack.folder / "logs").absolute()
        logs.mkdir(exist_ok=True)
        await fill_directory(world)
        storm.tokens = {
            "referral": await token(world, "referral", "tampere-region", "referrals", "referrals:read"),
            "coaching": await token(world, "coaching", "lempaala", "cases", "cases:read"),
        }
        for service in (*SERVICES, *TWICE):
            port = free_port()
            storm.processes.append(Process(service, port, environment(world, service, port, smtp_port),
                                           str(logs / f"{service}-{port}.log")))
        try:
            for process in storm.processes:
                process.start()
            yield storm
        finally:
            for process in storm.processes:
                if process.running is not None and process.running.exitcode is None:
                    process.running.kill()


async def rage(storm: Storm, referrals: int, *, clients: int, pause: float, rounds: int, seconds: float,
               kills: int | None = None) -> None:
    """Sends referrals while everything is killed: a replica or server each `pause` seconds on average, so often or
    to the end."""

    async def drive() -> None:
        await storm.drive(referrals, clients, monotonic() + seconds)
        storm.calm.set()

    async with asyncio.TaskGroup() as group:
        group.create_task(storm.kill(pause, rounds, kills))
        group.create_task(drive())


async def main(made: Stack, arguments: argparse.Namespace) -> bool:
    from tests.system import storm_checks

    async with made.world() as world, gathering(world, arguments.seed, arguments.logs) as storm:
        began = monotonic()
        await rage(storm, arguments.referrals, clients=arguments.clients, pause=arguments.pause, rounds=6,
                   seconds=arguments.seconds)
        raged = monotonic() - began
        await storm_checks.rest(storm, 300)
        found = await storm_checks.look(storm)
        print(json.dumps({"referrals": len(storm.sent), "seconds": round(raged), "rest after": round(
            monotonic() - began - raged), "seen": dict(sorted(storm.seen.items())), "figures": found.figures,
            "wrong": found.wrong}, indent=1, ensure_ascii=False))
        return not found.wrong


if __name__ == "__main__":
    told = argparse.ArgumentParser()
    told.add_argument("--referrals", type=int, default=2000)
    told.add_argument("--seconds", type=float, default=900)
    told.add_argument("--clients", type=int, default=8)
    told.add_argument("--pause", type=float, default=2.0)
    told.add_argument("--seed", type=int, default=1)
    told.add_argument("--logs", type=Path, help="Where the processes' logs are kept.")
    given = told.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s")
    log.setLevel(logging.INFO)
    with stack() as made_stack:
        sys.exit(0 if asyncio.run(main(made_stack, given)) else 1)
