"""Backups of all stores but the keys, and what is restored of them [privacy.md, Key store].

Two kinds, by what the environment names:

- **the embedded servers** (`folders`): their folders as they lie there while nothing runs, so that databases, topics
  and offsets are of one moment;
- **servers of your own** (`dumps`): a dump of each service's database while all goes on. Topics are Kafka's own to
  keep, on three brokers; a restore sets the groups back to the backup's moment, and what comes again has no effect.

No key file, and no key that encrypts them, is ever in a backup: who has withdrawn stays erased in every restored one.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from chassis.key_files import KEY_ENCRYPTION_KEY

MANIFEST = "backup.json"
LEFT_OUT = KEY_ENCRYPTION_KEY
CHUNK = 1 << 20
Say = Callable[[str], None]
"""Tells the operator what is being done, a line each."""


class BackupError(Exception):
    """Why a backup could not be made or used; the sentence says what to do."""


@dataclass(frozen=True)
class Manifest:
    """What a backup is: its kind, moment (UTC) and the SHA-256 of each of its files."""

    kind: str
    made_at: datetime
    files: Mapping[str, str]

    def write(self, folder: Path) -> None:
        told = {**asdict(self), "made_at": self.made_at.isoformat()}
        (folder / MANIFEST).write_text(json.dumps(told, indent=2) + "\n")


def sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


class Draft:
    """A folder that becomes the backup when it is whole: one that was broken off is never taken for one."""

    def __init__(self, to: Path) -> None:
        self.to, self.folder = to, to.with_name(f".{to.name}.unfinished")
        if to.exists():
            raise BackupError(f"{to} exists already. Name a folder that does not: a backup is never written over.")
        shutil.rmtree(self.folder, ignore_errors=True)
        try:
            self.folder.mkdir(parents=True)
            self.folder.chmod(0o700)
        except OSError as fault:
            raise BackupError(f"{to} can't be made ({fault.strerror}). Name a folder that you may write to.") from None

    def finish(self, kind: str, made_at: datetime) -> Manifest:
        files = {file.name: sha256(file) for file in sorted(self.folder.iterdir())}
        manifest = Manifest(kind, made_at, files)
        manifest.write(self.folder)
        for file in self.folder.iterdir():
            with file.open("rb") as opened:
                os.fsync(opened.fileno())
        self.folder.rename(self.to)
        return manifest


def opened(folder: Path) -> Manifest:
    """The manifest of a backup, after each of its files was read and found whole. Raises `BackupError`."""
    try:
        told = json.loads((folder / MANIFEST).read_text())
        manifest = Manifest(told["kind"], datetime.fromisoformat(told["made_at"]), told["files"])
    except (OSError, ValueError, KeyError, TypeError):
        raise BackupError(f"{folder} is no backup of `yhdyspinta backup`: {MANIFEST} is missing or cannot be read."
                          ) from None
    for name, expected in manifest.files.items():
        file = folder / name
        if not file.is_file() or sha256(file) != expected:
            raise BackupError(f"{file} is missing or damaged. Nothing was changed: take another backup.")
    return manifest
