"""Message catalogues: English in the code, Finnish and Swedish in `catalogues/<language>/messages.po`.

The English text is the message's id, so English is complete by itself; Finnish is complete, which a test keeps;
Swedish holds what a client or the public reads. What Swedish has not, it says in Finnish. The chassis has a
catalogue and each service has one, read at the start; nothing is compiled on disk.

How messages get into a catalogue: `chassis.web.catalogue`.
"""

from functools import lru_cache
from io import BytesIO
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations

Texts = Translations
"""Translates: `gettext(text)`, `ngettext(one, many, n)`, `pgettext(context, text)`."""

LANGUAGES = ("fi", "en", "sv")
DEFAULT = "fi"
OWN = Path(__file__).parent


def N_(message: str) -> str:
    """Marks a message that is translated later, where the reader's language is known: `_(label)` in a template,
    `page.gettext(label)` in code."""
    return message


@lru_cache(maxsize=64)
def texts(language: str, folders: tuple[Path, ...] = ()) -> Texts:
    """The chassis' messages in a language, with those of more catalogue folders laid over them."""
    whole = Translations()
    for folder in (OWN / "catalogues", *folders):
        if catalogue := _read(folder, language):
            whole.merge(catalogue)
    if language == "sv":
        whole.add_fallback(texts(DEFAULT, folders))
    return whole


def language_of(accepted: str | None) -> str:
    """The language of a reader who has none by account: the first of ours in `Accept-Language`, else Finnish."""
    wishes = []
    for place, part in enumerate((accepted or "").split(",")[:20]):
        tag, _, weight = part.strip().partition(";q=")
        try:
            wishes.append((-float(weight or 1), place, tag.strip().lower()[:2]))
        except ValueError:
            continue
    return next((tag for _, _, tag in sorted(wishes) if tag in LANGUAGES), DEFAULT)


def _read(folder: Path, language: str) -> Translations | None:
    file = folder / language / "messages.po"
    if not file.is_file():
        return None
    with file.open("rb") as source:
        catalogue = read_po(source, locale=language)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return Translations(compiled)
