"""What others made comes in by its hash alone: packages, the installer, jars, what pages are styled and run by."""

import hashlib
import re
from pathlib import Path

import pytest

from chassis.web.rendering import STATIC

ROOT = Path(__file__).parents[2]
LOCKS = ("installer.lock", "requirements.lock", "requirements-dev.lock", "deploy/sbom.lock")
VENDORED = STATIC / "vendor"
INSTALLS = re.compile(r"\b(?:pip install|pip sync)\b.*")


@pytest.mark.parametrize("lock", LOCKS)
def test_each_package_is_of_one_version_and_has_a_hash(lock):
    text = (ROOT / lock).read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]
    assert lines
    for line in lines:
        assert re.match(r"[A-Za-z0-9._\[\]-]+==[^ ]+ ", line), line
        assert "--hash=sha256:" in line, line
    assert "://" not in text


@pytest.mark.parametrize("file", ["Makefile", "Dockerfile"])
def test_nothing_of_others_is_installed_without_its_hash(file):
    installed = INSTALLS.findall((ROOT / file).read_text())
    assert installed
    for line in installed:
        ours = "--no-deps" in line and line.split("#")[0].rstrip(" \\").endswith(".")
        assert ours or "--require-hashes" in line, line


def test_what_pages_load_is_what_was_looked_at():
    told = dict(reversed(line.split("  ")) for line in (ROOT / "chassis/web/vendor.lock").read_text().splitlines())
    there = {str(file.relative_to(VENDORED)): hashlib.sha256(file.read_bytes()).hexdigest()
             for file in VENDORED.rglob("*") if file.is_file()}
    assert there == told
