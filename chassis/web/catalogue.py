"""Takes messages out of code and templates into catalogues: `python -m chassis.web.catalogue [FOLDER …]`.

New messages come with an empty translation, old ones leave; what is still to be translated is printed. What the
chassis has translated needs no second translation. Without a folder it does the chassis and every service. Finnish
holds every message of a folder; Swedish those of the chassis' own pages and of templates in a folder `public`.
"""

import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po

from chassis.web.texts import DEFAULT, OWN

TRANSLATED = ("fi", "sv")
ROOT = OWN.parent.parent
PUBLIC = "public"
_NAME = re.compile(r"%\((\w+)\)[sd]")
KEYWORDS = {
    "_": None, "gettext": None, "ngettext": (1, 2), "pgettext": ((1, "c"), 2), "npgettext": ((1, "c"), 2, 3),
    "N_": None,
}


def messages_in(folder: Path, *, public: bool = False) -> Catalog:
    """The messages of a folder's Python and templates; with `public` those alone that Swedish must have."""
    found = Catalog(project="Yhdyspinta", charset="utf-8", fuzzy=False)
    for file in sorted(_sources(folder)):
        if public and not _is_public(file):
            continue
        method = "python" if file.suffix == ".py" else "jinja2"
        with file.open("rb") as source:
            for line, message, _, context in _taken(method, source):
                found.add(message, locations=[(str(file.relative_to(folder)), line)], context=context)
    return found


def _taken(method: str, source: object) -> Iterator[tuple[int, str | tuple[str, ...], list[str], str | None]]:
    options = {"newstyle_gettext": "true", "trimmed": "true", "silent": "false"} if method == "jinja2" else {}
    where = "jinja2.ext:babel_extract" if method == "jinja2" else method
    taken: Iterator[tuple[int, str | tuple[str, ...], list[str], str | None]] = extract(
        where, source, keywords=KEYWORDS, comment_tags=(), options=options)  # type: ignore[arg-type]
    yield from taken


def _sources(folder: Path) -> Iterator[Path]:
    for suffix in ("*.py", "*.html", "*.txt"):
        for file in folder.rglob(suffix):
            if not {"static", "migrations", "catalogues"}.intersection(file.relative_to(folder).parts):
                yield file


def _is_public(file: Path) -> bool:
    return PUBLIC in file.parts or file.is_relative_to(OWN)


def missing(folder: Path) -> list[str]:
    """What a folder's catalogues lack, a sentence each: a message without translation, or one nobody uses."""
    faults = []
    for language in TRANSLATED:
        wanted = messages_in(folder, public=language != DEFAULT)
        have, common = _catalogue(folder, language), _common(folder, language)
        for message in wanted:
            if message.id and not any(_translated(c, message.id, message.context) for c in (have, common)):
                faults.append(f"{folder.name}: no {language} for {message.id!r}")
        faults += [f"{folder.name}: {language} of {m.id!r} has other names or a lone %" for m in have if not _fits(m)]
        faults += [
            f"{folder.name}: {language} has {message.id!r}, which nothing uses"
            for message in have if message.id and wanted.get(_key(message.id), message.context) is None
        ]
    return faults


def update(folder: Path) -> None:
    """Brings a folder's catalogues to its code: new messages are added without translation, old ones leave."""
    for language in TRANSLATED:
        wanted, have = messages_in(folder, public=language != DEFAULT), _catalogue(folder, language)
        common = _common(folder, language)
        fresh = Catalog(locale=language, project="Yhdyspinta", charset="utf-8", fuzzy=False)
        for message in wanted:
            if message.id:
                known = have.get(_key(message.id), message.context)
                if not (known and known.string) and _translated(common, message.id, message.context):
                    continue
                fresh.add(message.id, known.string if known else "", context=message.context)
        if len(fresh):
            file = folder / "catalogues" / language / "messages.po"
            file.parent.mkdir(parents=True, exist_ok=True)
            with file.open("wb") as target:
                write_po(target, fresh, width=110, sort_output=True, omit_header=True, include_lineno=False)


def _fits(message: Message) -> bool:
    """Whether a translation fills in the names of its message, and each percent sign is written twice."""
    identity = [message.id] if isinstance(message.id, str) else list(message.id)
    strings = [message.string] if isinstance(message.string, str) else list(message.string or ())
    names = {name for text in identity for name in _NAME.findall(text)}
    return all(
        set(_NAME.findall(text)) <= names and "%" not in _NAME.sub("", text).replace("%%", "")
        for text in [*identity, *strings]
    )


def _catalogue(folder: Path, language: str) -> Catalog:
    file = folder / "catalogues" / language / "messages.po"
    if not file.is_file():
        return Catalog(locale=language)
    with file.open("rb") as source:
        return read_po(source, locale=language)


def _common(folder: Path, language: str) -> Catalog:
    """What the chassis says for all: a folder need not say it again."""
    return Catalog(locale=language) if folder == OWN else _catalogue(OWN, language)


def _key(identity: str | Sequence[str]) -> str:
    return identity if isinstance(identity, str) else identity[0]


def _translated(catalogue: Catalog, identity: str | Sequence[str], context: str | None) -> bool:
    known = catalogue.get(_key(identity), context)
    if known is None:
        return False
    return bool(known.string) if isinstance(known.string, str) else all(known.string or [""])


def folders() -> list[Path]:
    """Every folder that has catalogues: the chassis' pages, the operators', each service, the demo's sign-in."""
    found = {p.parent for whose in ("chassis", "services", "yhdyspinta") for p in ROOT.glob(f"{whose}/*/catalogues")}
    return [OWN, *sorted(found - {OWN})]


if __name__ == "__main__":
    for folder in [Path(name).resolve() for name in sys.argv[1:]] or folders():
        update(folder)
        for fault in missing(folder):
            print(fault)
