"""`yhdyspinta dead-letters`: what services could not handle, why, and handing it to them again."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar

import typer

from chassis.clock import system_clock
from chassis.database import Database
from chassis.decisions import Refused
from chassis.letters import Letter, Letters
from chassis.masking import masked, shown_headers, shown_key
from chassis.policy import Principal
from contracts.topics import SERVICES, source_of
from yhdyspinta import provision
from yhdyspinta.commands import output

R = TypeVar("R")
dead_letters = typer.Typer(help="Events that a service could not handle: why, and handing them to it again.")
Json = Annotated[bool, typer.Option("--json", help="As JSON.")]
Which = Annotated[str, typer.Argument(metavar="SERVICE/NUMBER", help="As `list` names it, such as leads/12.")]
SILENT = 2


@dead_letters.command("list")
def show_all(
    service: Annotated[str | None, typer.Option(help="Of one service alone.")] = None,
    reason: Annotated[str | None, typer.Option(help="Those with this reason, such as unknown-code.")] = None,
    topic: Annotated[str | None, typer.Option(help="Those of this topic.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Most letters of a service.")] = 50,
    before: Annotated[int | None, typer.Option(min=0, help="Older than this number (of one service).")] = None,
    json: Json = False,
) -> None:
    """Lists them, newest first.

    Exit code 0: they are listed; 1: a setting is missing; 2: used wrongly, or broker or database not reached.
    """
    if before is not None and service is None:
        output.give_up("Say with --service whose number --before is.", SILENT)
    rows, older = [], {}
    for name in [_known(service)] if service else SERVICES:
        found = _in(name, lambda store: store.page(before=before, reason=reason, topic=topic, size=limit))
        rows += [(name, letter) for letter in found.letters]
        if found.older is not None:
            older[name] = found.older
    rows.sort(key=lambda row: row[1].at, reverse=True)
    if json:
        output.as_json([_row(name, letter) for name, letter in rows])
        return
    table = output.table("Dead letters", "which", "at", "reason", "event", "topic", "handled again")
    for name, letter in rows:
        table.add_row(f"{name}/{letter.number}", f"{letter.at:%Y-%m-%d %H:%M}", letter.reason, _event(letter),
                      letter.record.topic, letter.replay.outcome if letter.replay else "no")
    output.console().print(table)
    for name, number in older.items():
        output.say(f"There are older ones: `yhdyspinta dead-letters list --service {name} --before {number}`.")


@dead_letters.command("show")
def show(which: Which, json: Json = False) -> None:
    """Shows one: why, from where, its headers and its content. What may be somebody's data is masked.

    Exit code 0: it is shown; 1: there is no such letter; 2: used wrongly, or broker or database not reached.
    """
    name, number = _split(which)
    letter = _in(name, lambda store: store.one(number))
    content = masked(letter.record.topic, letter.record.value, letter.record.headers)
    headers = shown_headers(letter.record.headers)
    if json:
        output.as_json({**_row(name, letter), "key": shown_key(letter.record.key), "bytes": content.size,
                        "headers": headers, "content": content.text})
        return
    output.say(f"{which}: {letter.reason}. {letter.sentence}")
    for label, value in (
        ("at", f"{letter.at:%Y-%m-%d %H:%M:%S} UTC"), ("event", _event(letter)), ("id", content.event_id or "–"),
        ("topic", f"{letter.record.topic}[{letter.record.partition}]@{letter.record.offset}"),
        ("field", letter.field or "–"), ("handler", letter.handler), ("trace", letter.trace or "–"),
        ("key", shown_key(letter.record.key)), ("handled again", _again(name, letter)),
    ):
        output.say(f"  {label:14}{value}")
    for header, value in headers:
        output.say(f"  header        {header}: {value}")
    output.say(content.text if content.text is not None else f"  {content.size} bytes that are no JSON object.")


@dead_letters.command("replay")
def replay(
    which: Which,
    corrected: Annotated[Path | None, typer.Option(
        metavar="FILE", help="The content as `show` prints it, corrected; - reads it from standard input. Masks stand "
                             "for what is under them.")] = None,
    json: Json = False,
) -> None:
    """Hands one to its service again, under its own key, as it was or corrected. It is checked first; what was handled
    already is not handled twice.

    Exit code 0: it is handed over; 1: there is no such letter, or it would be refused again; 2: used wrongly, or broker
    or database not reached.
    """
    name, number = _split(which)
    text = None
    if corrected is not None:
        try:
            text = sys.stdin.read() if str(corrected) == "-" else corrected.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            output.give_up(f"{corrected} can't be read as UTF-8.", SILENT)
    by = Principal("system", "operator-shell", "", source_of(name).split("/")[1])
    changed = _in(name, lambda store: store.replay(number, by, text))
    if json:
        output.as_json({"service": name, "number": number, "corrected": changed})
        return
    output.say(f"{which} is handed to {name} again. `yhdyspinta dead-letters show {which}` tells what came of it.")


def _row(name: str, letter: Letter) -> dict[str, Any]:
    again = letter.replay
    return {
        "service": name, "number": letter.number, "at": letter.at, "reason": letter.reason,
        "sentence": letter.sentence, "field": letter.field, "event": letter.event_type, "event_id": letter.event_id,
        "topic": letter.record.topic, "partition": letter.record.partition, "offset": letter.record.offset,
        "handler": letter.handler, "trace": letter.trace, "replay_of": letter.replay_of,
        "replayed": {"at": again.at, "corrected": again.corrected, "outcome": again.outcome, "again": again.again}
        if again else None,
    }


def _event(letter: Letter) -> str:
    return letter.event_type.split(".")[2] if letter.event_type else "unknown"


def _again(name: str, letter: Letter) -> str:
    if letter.replay is None:
        return "no"
    corrected = ", corrected" if letter.replay.corrected else ""
    became = f", refused again: {name}/{letter.replay.again}" if letter.replay.again is not None else ""
    return f"{letter.replay.outcome}, {letter.replay.at:%Y-%m-%d %H:%M} UTC{corrected}{became}"


def _split(which: str) -> tuple[str, int]:
    name, _, number = which.partition("/")
    if not number.isdecimal():
        output.give_up(f"{which!r} names no letter: say SERVICE/NUMBER, such as leads/12, as `list` shows it.", SILENT)
    return _known(name), int(number)


def _known(service: str) -> str:
    if service not in SERVICES:
        output.give_up(f"There is no service {service}. The services are {', '.join(SERVICES)}.", SILENT)
    return service


def _in(service: str, act: Callable[[Letters], Awaitable[R]]) -> R:
    """What the act gives; ends with a sentence where it is refused."""

    async def whole() -> R:
        database = Database(provision.settings_of(service), system_clock)
        try:
            return await act(Letters(database))
        finally:
            await database.close()

    try:
        return asyncio.run(whole())
    except Refused as no:
        _refused(no)
    except OSError:
        output.give_up(f"The database of {service} does not answer. Start it, or set DATABASE_URL_{service.upper()}.",
                       SILENT)


def _refused(no: Refused) -> NoReturn:
    output.give_up(no.refusal.in_english(), SILENT if no.refusal.status == 503 else 1)
