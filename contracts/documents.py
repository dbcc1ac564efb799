"""Documents made from the models, the plan and the topic registry: schemas, list of codes, AsyncAPI, the boundary's
picture.

python -m contracts.documents write     writes them
python -m contracts.documents check     says what differs from what the code would write; then exit code 1
"""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from contracts import asyncapi, picture, plan
from contracts.fields import CodeList
from contracts.leaves import leaves
from contracts.schema import models, schema_of

FOLDER = Path(__file__).parent


def codes() -> dict[str, Any]:
    """The codes that events may hold: of which list each field's is, each list's codes with the plans that have
    them, and until when events of a year are taken."""
    events = {
        name: {
            f"/data/{leaf.path}": listed.name
            for leaf in leaves(model)
            if (listed := leaf.kind.mark(CodeList)) is not None
        }
        for name, model in models().items()
    }
    named = sorted({listed for fields in events.values() for listed in fields.values()})
    return {
        "events": {name: fields for name, fields in events.items() if fields},
        "lists": {name: _list(name) for name in named},
        "years": {
            str(one.year): {
                "valid_from": one.valid_from.isoformat(),
                "valid_until": one.valid_until.isoformat(),
                "events_until": one.figures.final_on(one.year).isoformat(),
            }
            for one in plan.ALL
        },
    }


def _list(name: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for one in plan.ALL:
        for code, label in one.codes[name].items():
            entry = found.setdefault(code, {"fi": label.fi, "en": label.en, "plans": []})
            entry |= {"fi": label.fi, "en": label.en}
            entry["plans"].append(one.year)
    return dict(sorted(found.items()))


def documents() -> Mapping[Path, bytes]:
    """Every generated file, by its path."""
    schemas = FOLDER / "schemas"
    return {
        **{schemas / f"{name}.json": _json(schema_of(model)) for name, model in models().items()},
        schemas / "codes.json": _json(codes()),
        FOLDER.parent / "docs" / "boundary.svg": picture.svg().encode(),
        FOLDER / "asyncapi.yaml": asyncapi.yaml(asyncapi.document()).encode(),
    }


def _json(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def write() -> None:
    """Writes all, and deletes schemas of events that are no more."""
    made = documents()
    for stale in _stale(made):
        stale.unlink()
    for path, content in made.items():
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)


def check() -> list[str]:
    """Sentences on what differs between the files and the code; empty when nothing does."""
    made = documents()
    differing = [path for path, content in made.items() if not path.is_file() or path.read_bytes() != content]
    found = [f"{_shown(path)} is not what the code says." for path in differing]
    found += [f"{_shown(path)} is of no event." for path in _stale(made)]
    return [f"{sentence} Run `python -m contracts.documents write` and commit." for sentence in found]


def _stale(made: Mapping[Path, bytes]) -> list[Path]:
    return sorted(path for path in (FOLDER / "schemas").glob("*.json") if path not in made)


def _shown(path: Path) -> str:
    return path.relative_to(FOLDER.parent).as_posix()


def main(arguments: list[str]) -> int:
    """The command; exit code 1 when something differs, 2 for a wrong command."""
    if arguments == ["write"]:
        write()
        return 0
    if arguments == ["check"]:
        found = check()
        print("\n".join(found) or "Schemas, codes, the AsyncAPI document and the picture are what the code says.")
        return 1 if found else 0
    print("Say `write` or `check`.")
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
