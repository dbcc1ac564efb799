"""The boundary as a picture (SVG): every topic a line, everyone who writes or reads it a mark on it.

Made from the topic registry alone, so it can't say anything else than the broker's access list. Columns are services
and other systems by side, lines are topics by side; a filled mark writes, an open one reads. Where one side reads what
the other has written, the mark is framed: that is all that crosses.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape

from contracts.registry import Topic
from contracts.topics import SERVICES, SYSTEMS, TOPICS, dead_letter_topic

SIDES = ("area", "shared", "municipal")
WORDS = {
    "fi": {"area": "Työllisyysalue", "shared": "Yhteinen", "municipal": "Kunnat", "title": "Rajapinta",
           "writes": "kirjoittaa", "reads": "lukee", "both": "kirjoittaa ja lukee", "accounts": "lukija-tunnukset",
           "legend": "kirjoittaa ● · lukee ○ · kehystetty: toinen puoli lukee",
           "desc": "{topics} aihetta, {services} palvelua ja {systems} muuta järjestelmää. Puolelta toiselle kulkee: "
                   "{crossing}. Sama taulukkona alla."},
    "en": {"area": "Employment area", "shared": "Shared", "municipal": "Municipalities", "title": "The boundary",
           "writes": "writes", "reads": "reads", "both": "writes and reads", "accounts": "reader accounts",
           "legend": "writes ● · reads ○ · framed: the other side reads",
           "desc": "{topics} topics, {services} services and {systems} other systems. From side to side goes: "
                   "{crossing}. `yhdyspinta boundary` gives the same as a table."},
}
COLOURS = {"area": "#7a2f63", "shared": "#46556b", "municipal": "#1d5b99"}
TINTS = {"area": "#f7eef4", "shared": "#eff2f5", "municipal": "#edf4fb"}
INK, FAINT, ALARM = "#1f2328", "#c9d0d8", "#b3261e"
WIDTH, LABELS, TOP, ROW, BAND = 1280, 300, 148, 22, 30
ACCOUNTS = "accounts"


@dataclass(frozen=True)
class Crossing:
    """Somebody of one side who reads what the other side writes."""

    topic: str
    reader: str


def side_of(principal: str) -> str:
    """Whose a principal is: the side of its dead letters, or of the one topic that it writes."""
    return TOPICS[dead_letter_topic(principal) if principal in SERVICES else SYSTEMS[principal].writes].side


def crossings() -> list[Crossing]:
    """All that goes from the one side to the other."""
    return [Crossing(t.name, reader) for t in TOPICS.values() for reader in t.readers if _crosses(t, reader)]


def columns() -> list[str]:
    """Everyone in the registry, by side, our services first; reader accounts last."""
    everyone = [*SERVICES, *SYSTEMS]
    return [*sorted(everyone, key=lambda p: (SIDES.index(side_of(p)), p in SYSTEMS)), ACCOUNTS]


@cache
def svg(language: str = "en") -> str:
    """The picture, 1280 wide, with a title and a description for those who can't see it."""
    words, names = WORDS[language], columns()
    described = words["desc"].format(
        topics=len(TOPICS), services=len(SERVICES), systems=len(SYSTEMS),
        crossing=", ".join(f"{c.topic} → {c.reader}" for c in crossings()))
    height = TOP + len(TOPICS) * ROW + len(SIDES) * BAND + 40
    body = [*_heads(names, words, height), *_lines(names, words)]
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        'role="img" aria-labelledby="boundary-title boundary-desc" font-family="Source Sans 3 Variable, sans-serif">',
        f'<title id="boundary-title">{escape(words["title"])}</title>',
        f'<desc id="boundary-desc">{escape(described)}</desc>',
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        _text(12, 26, words["title"], size=20, weight=600), _text(12, 48, words["legend"], size=13),
        *body, "</svg>", ""])


def _x(number: int, count: int) -> float:
    wide = (WIDTH - LABELS) / count
    return round(LABELS + wide * (number + 0.5), 1)


def _heads(names: Sequence[str], words: dict[str, str], height: int) -> Iterator[str]:
    """The columns: bands of the sides, and names broken at their hyphens."""
    wide = (WIDTH - LABELS) / len(names)
    for side in SIDES:
        of = [i for i, name in enumerate(names) if name != ACCOUNTS and side_of(name) == side]
        left = LABELS + wide * of[0]
        yield (f'<rect x="{left:.1f}" y="8" width="{wide * len(of) - 3:.1f}" height="{height - 30}" '
               f'fill="{TINTS[side]}" rx="4"/>')
        yield _text(left + 8, 28, words[side], size=14, weight=600, fill=COLOURS[side])
    for i, name in enumerate(names):
        parts = (words[ACCOUNTS] if name == ACCOUNTS else name).replace("-", "- ").split()
        weight = 600 if name in SERVICES else 400
        for line, part in enumerate(parts):
            yield _text(_x(i, len(names)), TOP - 12 - 14 * (len(parts) - 1 - line), part, size=12, weight=weight,
                        anchor="middle")


def _lines(names: Sequence[str], words: dict[str, str]) -> Iterator[str]:
    y = float(TOP)
    for side in SIDES:
        yield _text(12, y + 20, words[side], size=14, weight=600, fill=COLOURS[side])
        y += BAND
        for topic in (t for t in TOPICS.values() if t.side == side):
            yield from _line(topic, names, words, y)
            y += ROW


def _line(topic: Topic, names: Sequence[str], words: dict[str, str], y: float) -> Iterator[str]:
    middle, colour = y + ROW / 2, COLOURS[topic.side]
    readers = {*topic.readers, *([ACCOUNTS] if topic.open_to_accounts else [])}
    marked = [i for i, name in enumerate(names) if name in readers or name in topic.writers]
    yield f'<line x1="12" x2="{WIDTH - 12}" y1="{y + ROW}" y2="{y + ROW}" stroke="{FAINT}" stroke-width="0.5"/>'
    yield _text(20, middle + 4, topic.name, size=13)
    first, last = _x(marked[0], len(names)), _x(marked[-1], len(names))
    yield f'<line x1="{first}" x2="{last}" y1="{middle}" y2="{middle}" stroke="{colour}" stroke-width="2"/>'
    for i in marked:
        name, x = names[i], _x(i, len(names))
        writes, reads = name in topic.writers, name in readers
        does = words["both" if writes and reads else "writes" if writes else "reads"]
        who = words[ACCOUNTS] if name == ACCOUNTS else name
        frame = f'<rect x="{x - 11}" y="{middle - 10}" width="22" height="20" fill="none" stroke="{ALARM}" ' \
                'stroke-width="2.5" rx="3"/>' if _crosses(topic, name) else ""
        ring = f'<circle cx="{x}" cy="{middle}" r="6.5" fill="#ffffff" stroke="{colour}" stroke-width="2"/>' \
            if reads else ""
        dot = f'<circle cx="{x}" cy="{middle}" r="{4 if reads else 6}" fill="{colour}"/>' if writes else ""
        yield f"<g><title>{escape(f'{who} {does}: {topic.name}')}</title>{frame}{ring}{dot}</g>"


def _crosses(topic: Topic, reader: str) -> bool:
    """Whether the reader is of the one side and a writer of the other, whatever the topic's own side."""
    if reader == ACCOUNTS or reader not in topic.readers:
        return False
    return any({side_of(writer), side_of(reader)} == {"area", "municipal"} for writer in topic.writers)


def _text(x: float, y: float, text: str, *, size: int, weight: int = 400, fill: str = INK,
          anchor: str = "start") -> str:
    return (f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" font-weight="{weight}" fill="{fill}" '
            f'text-anchor="{anchor}">{escape(text)}</text>')
