"""`yhdyspinta boundary` and `yhdyspinta topics`: who may write and read what; does the broker say the same?"""

from pathlib import Path
from typing import Annotated, Any

import typer
from confluent_kafka import KafkaException

from contracts.picture import svg
from contracts.topics import TOPICS, Topic
from yhdyspinta import provision
from yhdyspinta.commands import output
from yhdyspinta.provision.boundary import Difference
from yhdyspinta.provision.boundary import boundary as differences_of

CODES = Path(__file__).parents[2] / "contracts" / "schemas" / "codes.json"
UNREACHABLE = 2


def boundary(
    json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
    picture: Annotated[Path | None, typer.Option(
        metavar="FILE.svg", help="Draw it into a file instead: who writes and reads what, by side.")] = None,
) -> None:
    """Who may write and read what, and whether the broker's access list says the same.

    Exit code 0: it says the same; 1: it does not, or the picture can't be written; 2: broker not reached.
    """
    if picture is not None:
        _draw(picture)
        return
    place = provision.from_environment()
    differences: list[Difference] = []
    unreachable = ""
    try:
        admin = place.admin()
        admin.list_topics(timeout=5)
        differences = differences_of(admin, place.prefix, shared=place.shared)
    except KafkaException as fault:
        unreachable = (f"Kafka at {place.kafka['bootstrap.servers']} does not answer its administrator "
                       f"({fault.args[0].name()}). Start it, or set KAFKA_BOOTSTRAP and put the administrator's "  # type: ignore[union-attr]
                       f"password into {place.secrets('admin') / 'kafka-password'}.")
    if json:
        output.as_json({
            "topics": [_row(t) for t in TOPICS.values()],
            "broker": "unreachable" if unreachable else "differs" if differences else "same",
            "differences": [d.sentence for d in differences] or ([unreachable] if unreachable else []),
        })
    else:
        _print()
        for difference in differences:
            output.say(difference.sentence)
        output.say(unreachable or _verdict(differences))
    if unreachable or differences:
        raise typer.Exit(UNREACHABLE if unreachable else 1)


def _draw(file: Path) -> None:
    try:
        file.write_text(svg("en"))
    except OSError as fault:
        output.give_up(f"{file} can't be written ({fault.strerror}). Name a file in a folder that is there.")
    output.say(f"The picture is in {file}: {len(TOPICS)} topics, everyone who writes or reads them.")


def topics(
    json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
    codes: Annotated[bool, typer.Option("--codes", help="The codes of the plan by event and field, as JSON.")] = False,
) -> None:
    """The topic registry: writers, readers, keys, retention with its reason, class of data.

    Exit code 0: it is printed; 2: used wrongly.
    """
    if codes:
        typer.echo(CODES.read_text())
    elif json:
        output.as_json([_row(t) for t in TOPICS.values()])
    else:
        _print()


def _verdict(differences: list[Difference]) -> str:
    if not differences:
        return "The broker says the same: nobody may do more, nobody less."
    return (f"Broker and registry differ in {len(differences)} points. `yhdyspinta provision` sets the broker right; "
            "find out first who changed it.")


def _print() -> None:
    made = output.table("Topics", "topic", "writes", "reads", "data", "kept", "events")
    side = ""
    for t in TOPICS.values():
        if t.side != side:
            made.add_section()
            side = t.side
        made.add_row(t.name, ", ".join(t.writers), ", ".join(_readers(t)), _data(t), _kept(t),
                     str(len(t.models) or "–"))
    output.console().print(made)


def _readers(topic: Topic) -> tuple[str, ...]:
    return (*topic.readers, *(["reader accounts"] if topic.open_to_accounts else []))


def _data(topic: Topic) -> str:
    return f"{topic.data_class.value}; {topic.remark}" if topic.remark else topic.data_class.value


def _kept(topic: Topic) -> str:
    return f"{topic.retention.days} days" if topic.retention else "latest of each key"


def _row(topic: Topic) -> dict[str, Any]:
    return {
        "topic": topic.name, "side": topic.side, "writers": topic.writers, "readers": _readers(topic),
        "key": topic.key, "partitions": topic.partitions, "cleanup": topic.cleanup.value,
        "retention_days": topic.retention.days if topic.retention else None,
        "reason_en": topic.keep.reason_en, "reason_fi": topic.keep.reason_fi,
        "data_class": topic.data_class.value, "remark": topic.remark,
        "events": [m.__name__ for m in topic.models],
    }
