"""Secrets are files: written whole or not at all, read only where others can't."""

import os
from pathlib import Path
from secrets import token_hex

from chassis.settings import SettingsError

OPEN_TO_OTHERS = 0o027
"""Bits of a secret file's mode that are refused; a group may read it, for containers mount secrets so."""


def write_new(path: Path, content: bytes) -> None:
    """A new file (0600) that is on the disk, whole, when this returns; after a crash there is the whole file or
    none by this name, and at most a dot-file `.<name>.<random>`. Raises FileExistsError."""
    first = path.parent / f".{path.name}.{token_hex(8)}"
    write_and_sync(first, content)
    try:
        os.link(first, path)
    finally:
        os.unlink(first)
        sync_folder(path.parent)


def write_and_sync(path: Path, content: bytes) -> None:
    """A new file (0600), its bytes on the disk. Raises FileExistsError."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def overwrite(path: Path) -> None:
    """Random bytes over the file's own, on the disk when this returns. Raises FileNotFoundError."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "wb") as file:
        file.write(os.urandom(os.fstat(file.fileno()).st_size))
        file.flush()
        os.fsync(file.fileno())


def sync_folder(path: Path) -> None:
    """What was made, linked or removed in the folder is on the disk when this returns."""
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def make_secret(path: Path, content: bytes) -> None:
    """A new secret file in a folder 0700, which is made if need be. Raises FileExistsError."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_new(path, content)


def read_secret(path: Path) -> bytes:
    """Content of a secret file. Raises `SettingsError` where it can't be read or is open to others."""
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_CLOEXEC), "rb") as file:
            if os.fstat(file.fileno()).st_mode & OPEN_TO_OTHERS:
                raise SettingsError(f"The secret file {path} is open to others. Run `chmod 600 {path}`.")
            return file.read()
    except OSError as fault:
        raise SettingsError(
            f"The secret file {path.name} can't be read ({fault.strerror}). "
            f"Put it into {path.parent}, readable by this user alone."
        ) from None
