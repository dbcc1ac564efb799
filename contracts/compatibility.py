"""Whether the schemas may go out under the version they have [events.md, Versions].

    python -m contracts.compatibility [--against REVISION]

compares what the models say with the schemas of a git revision; by default of main as it was before this checkout's
commit: where main is, or its last commit but one where that is what is checked out. Within a major version optional
fields and events may come, an open limit may widen and a source may join; anything else needs a new major version,
and is told with event and field. Where the revision has no schemas there is nothing to break.
"""

import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson

from contracts.schema import models, schema_of

ROOT = Path(__file__).parent.parent
FOLDER = "contracts/schemas"

Schema = Mapping[str, Any]

_FREE = {"$schema", "$id", "title", "description", "$comment", "x-topics", "x-data-class"}
"""What says nothing of an event's form."""
_LEAST = {"minimum", "minLength", "minItems", "minProperties"}
_MOST = {"maximum", "maxLength", "maxItems", "maxProperties"}
_WITHIN = {"properties", "required", "items", "propertyNames", "additionalProperties", "type", "enum"}


def breaks(before: Mapping[str, Schema], now: Mapping[str, Schema]) -> list[str]:
    """Sentences on what readers and writers of the schemas before could not bear; empty when they can go on.

    Both are schemas by their names (`CaseOpened.v1`).
    """
    found = []
    for name, schema in before.items():
        if name not in now:
            found.append(f"{name} is gone. Bring it back, or end its topic as a new major version's.")
        else:
            found += [f"{name}: {sentence}" for sentence in _changes(schema, now[name], "")]
    return found


def _changes(before: Schema, now: Schema, path: str) -> Iterator[str]:
    """Where `now` is narrower than `before`, or says something else."""
    shown = path or "the event"
    yield from _fields(before, now, path)
    if lost := _types(before) - _types(now):
        yield f"{shown} is no longer {' or '.join(sorted(lost))}."
    if gained := _types(now) - _types(before) if _types(before) else set():
        yield f"{shown} may now be {' or '.join(sorted(gained))}, which readers don't know."
    yield from _values(before, now, path)
    for word in _LEAST | _MOST:
        old, new = before.get(word), now.get(word)
        narrower = new is not None and (old is None or (new > old if word in _LEAST else new < old))
        if narrower:
            yield f"{shown} has a narrower {word}."
    for word in sorted((before.keys() | now.keys()) - _FREE - _LEAST - _MOST - _WITHIN):
        if before.get(word) != now.get(word):
            yield f"{shown} has another {word}."
    for word in ("items", "propertyNames"):
        if word in before and word in now:
            yield from _changes(before[word], now[word], f"{path}/*")
        elif (word in before) != (word in now):
            yield f"{shown} has another {word}."
    yield from _others(before.get("additionalProperties", True), now.get("additionalProperties", True), path)


def _fields(before: Schema, now: Schema, path: str) -> Iterator[str]:
    old, new = before.get("properties", {}), now.get("properties", {})
    had, has = set(before.get("required", [])), set(now.get("required", []))
    for name in old:
        if name not in new:
            yield f"{path}/{name} is gone."
        else:
            yield from _changes(old[name], new[name], f"{path}/{name}")
    for name in new:
        if name in has - had:
            yield f"{path}/{name} is required now{'' if name in old else ', and new'}."
    for name in sorted(had - has):
        if name in new:
            yield f"{path}/{name} may be left out now, and readers count on it."


def _types(schema: Schema) -> set[str]:
    kinds = schema.get("type", [])
    return {kinds} if isinstance(kinds, str) else set(kinds)


def _values(before: Schema, now: Schema, path: str) -> Iterator[str]:
    if "enum" not in before and "enum" not in now:
        return
    if "enum" not in before or "enum" not in now:
        yield f"{path} {'has a closed list now' if 'enum' in now else 'has no closed list any more'}."
        return
    lost = [value for value in before["enum"] if value not in now["enum"]]
    new = [value for value in now["enum"] if value not in before["enum"]]
    if lost:
        yield f"{path} has lost {_listed(lost)} of its closed list."
    if new and path != "/source":
        yield f"{path} has {_listed(new)} new in its closed list, which readers don't know."


def _listed(values: list[Any]) -> str:
    return ", ".join("null" if value is None else str(value) for value in values)


def _others(before: Any, now: Any, path: str) -> Iterator[str]:
    """What may stand beside the fields that are named."""
    if before == now:
        return
    if isinstance(before, dict) and isinstance(now, dict):
        yield from _changes(before, now, f"{path}/*")
    elif before is not False and now is not True:
        yield f"{path or 'the event'} no longer takes fields that the schema does not know."


def generated() -> Mapping[str, Schema]:
    """The schemas that the models say now, as they would be written."""
    return {name: orjson.loads(orjson.dumps(schema_of(model))) for name, model in models().items()}


class NoSuchRevision(ValueError):
    """git does not know the revision, or this is no git checkout."""


def committed(revision: str, root: Path = ROOT) -> Mapping[str, Schema]:
    """The schemas of a revision, by their names. Raises `NoSuchRevision`."""
    listed = _git(root, "ls-tree", "-r", "--name-only", f"{revision}^{{commit}}", "--", f"{FOLDER}/")
    names = [
        path for path in listed.decode().splitlines() if path.endswith(".json") and not path.endswith("/codes.json")
    ]
    return {Path(path).stem: orjson.loads(_git(root, "show", f"{revision}:{path}")) for path in names}


def last_on_main(root: Path = ROOT) -> str | None:
    """The newest commit on main that is not the one checked out; None where the checkout knows none."""
    here = _known("HEAD", root)
    return next((name for name in ("origin/main", "main", "HEAD~1") if _known(name, root) not in (None, here)), None)


def _known(revision: str, root: Path) -> str | None:
    try:
        return _git(root, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}").decode().strip()
    except NoSuchRevision:
        return None


def _git(root: Path, *arguments: str) -> bytes:
    try:
        return subprocess.run(["git", *arguments], cwd=root, check=True, capture_output=True).stdout
    except (OSError, subprocess.CalledProcessError) as fault:
        raise NoSuchRevision(arguments[-1]) from fault


def main(arguments: list[str], root: Path = ROOT) -> int:
    """The command; exit code 1 when something breaks, 2 when it can't be told."""
    if arguments and (len(arguments) != 2 or arguments[0] != "--against"):
        print("Say nothing, or `--against REVISION`.")
        return 2
    revision = arguments[1] if arguments else last_on_main(root)
    if revision is None:
        print("This checkout knows no earlier commit: there is nothing to compare with.")
        return 0
    try:
        before = committed(revision, root)
    except NoSuchRevision:
        print(f"git does not know the revision {revision} here. Fetch it, or name another with --against.")
        return 2
    if not before:
        print(f"{revision} has no schemas yet: there is nothing to break.")
        return 0
    found = breaks(before, generated())
    print("\n".join(found) or f"The schemas are compatible with those of {revision}.")
    if found:
        print("Undo this, or give the event a new major version on a topic of its own.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
