"""Templates: the chassis' frame and macros, a service's own pages, in the reader's language.

A service's templates extend `chassis/page.html`. In every template stand `_` and its kin, the filters of
`chassis.web.formats`, `ui` (the macros of `chassis/ui.html`), `page`, `who`, `base`, `today`, `static(file)`.
"""

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, PrefixLoader, StrictUndefined

from chassis.web.formats import filters
from chassis.web.texts import LANGUAGES, OWN, Texts, texts

STATIC = OWN / "static"


@cache
def fingerprint(file: str) -> str:
    """A few characters of a static file's hash: a changed file has another address."""
    return hashlib.sha256((STATIC / file).read_bytes()).hexdigest()[:12]


class Rendering:
    """One environment a language; `base` is the path that everything of the service stands under."""

    def __init__(self, base: str, templates: Sequence[Path] = (), catalogues: Sequence[Path] = ()) -> None:
        self.base = base
        loader = ChoiceLoader([
            PrefixLoader({"chassis": FileSystemLoader(OWN / "templates")}),
            FileSystemLoader([str(folder) for folder in templates]),
        ])
        self._texts = {language: texts(language, tuple(catalogues)) for language in LANGUAGES}
        self._environments = {language: self._environment(language, loader) for language in LANGUAGES}

    def texts(self, language: str) -> Texts:
        return self._texts[language]

    def render(self, template: str, language: str, values: Mapping[str, Any]) -> str:
        """The template's text; raises what is missing in it (StrictUndefined)."""
        environment = self._environments[language]
        context = {"language": language, "form_of_page": values.get("form"), **values}
        context["ui"] = environment.get_template("chassis/ui.html").make_module(context)
        return environment.get_template(template).render(context)

    def _environment(self, language: str, loader: ChoiceLoader) -> Environment:
        environment = Environment(
            loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
            extensions=["jinja2.ext.i18n"], auto_reload=False)
        environment.policies["ext.i18n.trimmed"] = True
        environment.install_gettext_translations(self._texts[language], newstyle=True)  # type: ignore[attr-defined]
        environment.filters.update(filters(language, self._texts[language]))
        environment.globals.update(
            base=self.base, new_form_key=lambda: secrets.token_urlsafe(18),
            static=lambda file: f"{self.base}/static/{file}?v={fingerprint(file)}")
        return environment
