"""What others made and every page needs, fetched anew: `python -m chassis.web.vendor` (needs npm, and a network).

Writes `static/vendor/`, `static/theme.css` (from `designsystemet.config.json`) and `VENDOR.md`. A new version: change
`PACKAGES`, run it, look at the pages, commit.
"""

import hashlib
import json
import shutil
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

OWN = Path(__file__).parent
VENDOR = OWN / "static" / "vendor"
CONFIG = OWN / "designsystemet.config.json"
HEAD = """# What others made

All of it is fetched anew by `python -m chassis.web.vendor`, and is as it was published.

"""
THEME_TOOL = "@digdir/designsystemet@1.15.0"


@dataclass(frozen=True)
class Package:
    """A package of the npm registry and the files of it that we serve."""

    name: str
    version: str
    folder: str
    files: dict[str, str]


FONTS = "files/source-sans-3-{}-wght-normal.woff2"
PACKAGES = (
    Package("@digdir/designsystemet-css", "1.22.0", "designsystemet-1.22.0",
            {"dist/src/index.css": "designsystemet.css", "LICENSE": "LICENSE"}),
    Package("@fontsource-variable/source-sans-3", "5.3.0", "source-sans-3-5.3.0",
            {FONTS.format("latin"): "latin.woff2", FONTS.format("latin-ext"): "latin-ext.woff2", "LICENSE": "LICENSE"}),
    Package("htmx.org", "4.0.1", "htmx-4.0.1", {"dist/htmx.min.js": "htmx.min.js", "LICENSE": "LICENSE"}),
)


def fetch() -> None:
    """Fetches everything and writes it; leaves nothing of older versions."""
    shutil.rmtree(VENDOR, ignore_errors=True)
    rows = []
    with TemporaryDirectory() as name:
        folder = Path(name)
        for package in PACKAGES:
            rows += _take(package, folder)
        _theme(folder)
    rows.append(("theme.css", f"{THEME_TOOL}, from {CONFIG.name}", "MIT", _sha256(OWN / "static" / "theme.css")))
    lines = ["| file under `static/` | from | licence | SHA-256 |", "| --- | --- | --- | --- |"]
    lines += [f"| `{file}` | {source} | {licence} | `{digest}` |" for file, source, licence, digest in rows]
    (OWN / "VENDOR.md").write_text(HEAD + "\n".join(lines) + "\n")


def _take(package: Package, folder: Path) -> list[tuple[str, str, str, str]]:
    packed = _run(["npm", "pack", "--silent", f"{package.name}@{package.version}"], folder).strip().splitlines()[-1]
    target = VENDOR / package.folder
    target.mkdir(parents=True)
    rows = []
    with tarfile.open(folder / packed) as archive:
        described = json.loads(_read(archive, "package/package.json"))
        for inside, name in package.files.items():
            (target / name).write_bytes(_read(archive, f"package/{inside}"))
            rows.append((f"vendor/{package.folder}/{name}", f"{package.name} {package.version}",
                         described["license"], _sha256(target / name)))
    return rows


def _theme(folder: Path) -> None:
    shutil.copy(CONFIG, folder / CONFIG.name)
    tokens = ["npx", "--yes", THEME_TOOL, "tokens"]
    _run([*tokens, "create", "--config", CONFIG.name], folder)
    _run([*tokens, "build", "--tokens", "design-tokens", "-o", "theme"], folder)
    shutil.copy(folder / "theme" / "yhdyspinta.css", OWN / "static" / "theme.css")


def _run(command: list[str], folder: Path) -> str:
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout


def _read(archive: tarfile.TarFile, name: str) -> bytes:
    file = archive.extractfile(name)
    if file is None:
        raise FileNotFoundError(name)
    return file.read()


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


if __name__ == "__main__":
    fetch()
