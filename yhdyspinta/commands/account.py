"""`--as NAME`: under which account a command speaks to the broker."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from contracts.registry import Topic
from contracts.topics import SERVICES, SYSTEMS, TOPICS
from yhdyspinta import provision
from yhdyspinta.commands import output

ADMIN = "admin"


def systems() -> list[str]:
    """Names for completion."""
    return list(SYSTEMS)


def everyone() -> list[str]:
    return [*SYSTEMS, *SERVICES, ADMIN]


def topic_names() -> list[str]:
    return list(TOPICS)


System = Annotated[str, typer.Option("--as", metavar="NAME", autocompletion=systems,
                                     help="The system that sends, such as lempaala-party: its client file is used.")]


def topic_of(name: str) -> Topic:
    """A topic of the registry; ends with a sentence at a name that is none."""
    if name not in TOPICS:
        output.give_up(f"There is no topic {name}. `yhdyspinta topics` lists them.", 2)
    return TOPICS[name]


def written_by(system: str) -> Topic:
    """The one topic that another system writes; ends with a sentence at a name that is none."""
    if system not in SYSTEMS:
        output.give_up(f"There is no system {system}. The systems are {', '.join(SYSTEMS)}.", 2)
    return TOPICS[SYSTEMS[system].writes]


def connection(place: provision.Place, name: str) -> dict[str, str]:
    """How an account connects, as librdkafka spells it: of another system or a reader from its client file, of a
    service of ours from its secret file. Ends with a sentence where there is none."""
    if name == ADMIN:
        return dict(place.kafka)
    if name in SERVICES:
        secrets = Path(os.environ.get("SECRETS_DIR", place.secrets(name)))
        return replace(place.settings(name), secrets=secrets).kafka() | {
            n: value for n, value in place.kafka.items() if n.startswith("ssl.")}
    try:
        return provision.clients.read(place.clients, name)
    except FileNotFoundError:
        output.give_up(f"There is no client file of {name} in {place.clients}. `yhdyspinta provision` makes those of "
                       "the systems, `yhdyspinta reader make` those of readers.", 2)
    except OSError as fault:
        output.give_up(f"The client file of {name} in {place.clients} can't be read ({fault.strerror}).", 2)
