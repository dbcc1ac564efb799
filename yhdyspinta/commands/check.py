"""`yhdyspinta check`: would these events be taken? Without a broker and without a database."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from chassis.clock import system_clock
from contracts.registry import Topic
from yhdyspinta.commands import output
from yhdyspinta.commands.account import systems, topic_names, topic_of, written_by
from yhdyspinta.conformance import Conformance, Mistake, Record

SHOWN = 50
KEPT = 1_000
"""Mistakes that are told: in sentences, as JSON. The rest is counted."""

File = Annotated[Path, typer.Argument(help="JSON lines: an event a line, or a record as `tail --json` prints it.")]
Json = Annotated[bool, typer.Option("--json", help="As JSON.")]

def check(
    file: File,
    system: Annotated[str | None, typer.Option("--as", metavar="NAME", autocompletion=systems,
                                               help="The system that would send them, such as lempaala-party.")] = None,
    topic: Annotated[str | None, typer.Option(metavar="T", autocompletion=topic_names,
                                              help="The topic that they would be on.")] = None,
    json: Json = False,
) -> None:
    """Looks at a file of events as their receiver would: would they be taken? Needs no broker.

    Checks each line's envelope, key, source, topic, schema and codes. Without --as and --topic the source of an event
    says where it goes. What depends on earlier events (whose case it is, is it open) only the receiver can say.

    Exit code 0: all would be taken; 1: there are mistakes; 2: the file can't be read, or used wrongly.
    """
    if system and topic:
        output.give_up("Give --as or --topic, not both.", 2)
    wanted = written_by(system) if system else topic_of(topic) if topic else None
    found = look_at(file, wanted)
    tell(file, found, json=json)
    if found.mistakes:
        raise typer.Exit(1)


class Found:
    """What was found in a file: how many events, on which topics, and the mistakes."""

    def __init__(self) -> None:
        self.events = self.repeats = self.mistaken = 0
        self.mistakes: list[Mistake] = []
        self.topics: dict[str, int] = {}


def look_at(file: Path, topic: Topic | None) -> Found:
    """Everything that is wrong in a file; progress is shown. Ends with a sentence where it can't be read."""
    found, conformance = Found(), Conformance(topic, system_clock())
    try:
        with output.progress(f"Checking {file.name}", file.stat().st_size) as seen:
            for one in conformance.look_at(file, seen):
                if isinstance(one, Mistake):
                    found.mistaken += 1
                    found.mistakes += [one] if len(found.mistakes) < KEPT else []
                else:
                    found.topics[one.topic.name] = found.topics.get(one.topic.name, 0) + 1
    except OSError as fault:
        output.give_up(f"{file} can't be read ({fault.strerror}).", 2)
    found.events, found.repeats = conformance.events, conformance.repeats
    if not found.events:
        output.give_up(f"There is no event in {file}. Give one a line, as JSON.", 2)
    return found


def records(file: Path, topic: Topic) -> Iterator[Record | Mistake]:
    """The records of a file that was looked at before."""
    return Conformance(topic, system_clock()).look_at(file)


def tell(file: Path, found: Found, *, json: bool) -> None:
    """What was found, in sentences or as JSON."""
    if json:
        output.as_json({"file": str(file), "events": found.events, "repeats": found.repeats, "topics": found.topics,
                        "mistakes": [asdict(m) for m in found.mistakes], "mistaken": found.mistaken})
        return
    for mistake in found.mistakes[:SHOWN]:
        output.say(f"{file}:{mistake.line} {mistake.field or '-'} {mistake.reason}: {mistake.sentence_en}")
    if found.mistaken > SHOWN:
        output.say(f"… and {found.mistaken - SHOWN} more; --json tells the first {KEPT}.")
    again = f" ({found.repeats} of them repeats, which are ignored)" if found.repeats else ""
    if found.mistaken:
        output.say(f"{found.mistaken} of {found.events} events would be refused. Mend them; an event keeps its id.")
    else:
        where = ", ".join(f"{n} on {topic}" for topic, n in found.topics.items())
        output.say(f"All {found.events} events{again} are as their receiver wants them: {where}.")
