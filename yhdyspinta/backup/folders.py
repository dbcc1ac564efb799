"""Backup of the embedded servers: their folders as tar files, taken and put back while nothing runs."""

import os
import shutil
import tarfile
from datetime import datetime
from pathlib import Path

from yhdyspinta.backup import LEFT_OUT, BackupError, Draft, Manifest, Say, opened
from yhdyspinta.embedded.processes import full_disk, locked

KIND = "folders"
STORES = {"databases": "postgres/data", "topics": "kafka/data", "secrets": "secrets", "trust": "trust",
          "clients": "clients", "demo": "demo"}
"""Each part of a backup and where it lies. Keys are not among them."""
RUNNING = ("Kafka and Postgres of {} run: end them with Ctrl-C where they were started. A backup of their folders is "
           "taken, and put back, while nothing runs.")


def back_up(var: Path, to: Path, now: datetime, say: Say) -> Manifest:
    """Writes the folders of `var` to `to`. Raises `BackupError`, or `EmbeddedError` where they run."""
    with locked(var / "running.lock", RUNNING.format(var)):
        if not (var / STORES["databases"]).is_dir():
            raise BackupError(f"There is nothing in {var} to back up. Name the folder with YHDYSPINTA_VAR.")
        draft = Draft(to)
        try:
            for name, place in STORES.items():
                if (var / place).is_dir():
                    say(f"{name} …")
                    with tarfile.open(draft.folder / f"{name}.tar", "w") as tar:
                        tar.add(var / place, name, filter=_without_keys)
            return draft.finish(KIND, now)
        except OSError as fault:
            shutil.rmtree(draft.folder, ignore_errors=True)
            if fault.errno == 28:
                raise full_disk(to.parent) from None
            raise


def restore(var: Path, backup: Path, say: Say) -> Manifest:
    """Puts a backup in the place of what `var` has, keys aside. Unpacked beside it first, so that a backup that does
    not fit on the disk changes nothing."""
    manifest = opened(backup)
    var.mkdir(parents=True, exist_ok=True)
    with locked(var / "running.lock", RUNNING.format(var)):
        names = [name for name in STORES if f"{name}.tar" in manifest.files]
        try:
            for name in names:
                say(f"{name} …")
                _unpack(backup / f"{name}.tar", var / f".restoring-{name}")
        except OSError as fault:
            for name in names:
                shutil.rmtree(var / f".restoring-{name}", ignore_errors=True)
            if fault.errno == 28:
                raise full_disk(var) from None
            raise
        for name in names:
            _exchange(var, name)
    return manifest


def _without_keys(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
    return None if Path(entry.name).name.startswith(LEFT_OUT) or entry.name.endswith(".pid") else entry


def _unpack(file: Path, to: Path) -> None:
    shutil.rmtree(to, ignore_errors=True)
    to.mkdir()
    with tarfile.open(file) as tar:
        tar.extractall(to, filter=_as_it_was)  # noqa: S202 - filtered


def _as_it_was(entry: tarfile.TarInfo, to: str) -> tarfile.TarInfo:
    """Owner and mode as they were, which Postgres asks for; nothing outside of the folder, no links out of it."""
    checked = tarfile.tar_filter(entry, to)
    return checked.replace(mode=entry.mode, deep=False)


def _exchange(var: Path, name: str) -> None:
    """The restored folder for the one that is there. Key encryption keys of today, and trusted keys, stay."""
    place, unpacked = var / STORES[name], var / f".restoring-{name}" / name
    if name in ("secrets", "trust"):
        for kept in sorted(place.rglob("*")) if place.is_dir() else ():
            restored = unpacked / kept.relative_to(place)
            if kept.is_file() and (kept.name.startswith(LEFT_OUT) or not restored.exists()):
                restored.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                shutil.copy2(kept, restored)
    shutil.rmtree(place, ignore_errors=True)
    place.parent.mkdir(parents=True, exist_ok=True)
    if os.geteuid() == 0 and place.parent != var:
        shutil.chown(place.parent, unpacked.stat().st_uid, unpacked.stat().st_gid)
    unpacked.rename(place)
    shutil.rmtree(unpacked.parent)
