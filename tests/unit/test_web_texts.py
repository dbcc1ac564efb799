"""Every message is translated, and what it fills in is filled in."""

from pathlib import Path

import pytest

from chassis.web import catalogue
from chassis.web.texts import language_of, texts


@pytest.mark.parametrize("folder", catalogue.folders(), ids=lambda folder: folder.name)
def test_every_message_has_its_translation(folder):
    assert catalogue.missing(folder) == []


def test_a_message_without_translation_is_found(tmp_path: Path):
    (tmp_path / "pages.py").write_text('LABEL = N_("Nobody said this in Finnish")\n')
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "page.html").write_text('{% trans count=n %}One{% pluralize %}{{ count }}{% endtrans %}')
    catalogue.update(tmp_path)
    assert len(catalogue.missing(tmp_path)) == 2
    po = tmp_path / "catalogues" / "fi" / "messages.po"
    po.write_text(po.read_text().replace('msgstr ""', 'msgstr "Tätä"').replace('[0] ""', '[0] "Yksi"')
                  .replace('[1] ""', '[1] "%(kount)s"'))
    assert [fault for fault in catalogue.missing(tmp_path) if "other names" in fault]
    po.write_text(po.read_text().replace("kount", "count"))
    assert catalogue.missing(tmp_path) == []
    (tmp_path / "pages.py").write_text("")
    assert [fault for fault in catalogue.missing(tmp_path) if "nothing uses" in fault]


def test_public_templates_are_in_swedish_too(tmp_path: Path):
    (tmp_path / "templates" / "public").mkdir(parents=True)
    (tmp_path / "templates" / "public" / "page.html").write_text('{{ _("Say it") }}')
    assert [fault for fault in catalogue.missing(tmp_path) if "no sv" in fault]


def test_swedish_falls_back_to_finnish(tmp_path: Path):
    (tmp_path / "fi").mkdir()
    (tmp_path / "fi" / "messages.po").write_text('msgid "Case"\nmsgstr "Asiakkuus"\n')
    assert texts("sv", (tmp_path,)).gettext("Case") == "Asiakkuus"
    assert texts("sv", (tmp_path,)).gettext("Sign out") == "Logga ut"
    assert texts("en", (tmp_path,)).gettext("Case") == "Case"


@pytest.mark.parametrize(("accepted", "language"), [
    (None, "fi"), ("", "fi"), ("sv-FI,sv;q=0.9", "sv"), ("de, en;q=0.5, fi;q=0.4", "en"), ("en;q=0.1, fi;q=x", "en"),
])
def test_a_readers_language_is_the_first_of_ours_that_the_browser_names(accepted, language):
    assert language_of(accepted) == language
