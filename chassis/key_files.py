"""The key store's files: never in a database, topic, log or backup; one that is erased is nowhere.

Promise: a file `<key_id>` is whole and on the disk when `make` returns, and overwritten, unlinked and off the
disk when `erase` returns, whatever crashed before; each call can be repeated. The folder is 0700, a file 0600,
one JSON line: `v` 1, `key_id`, `purpose`, `referral_id`, `kek`, `nonce`, `sealed`, where `sealed` is the secret
under AES-256-GCM with the key encryption key, bound to the other fields (privacy.md, Key store).

All calls block; `chassis.keys` makes them in threads. Several processes share the folder: making and erasing go
side by side, while rewriting (rotation) holds the file `lock` alone, so that nothing erased comes back by it.
"""

import fcntl
import hashlib
import json
import os
import re
import resource
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from secrets import token_hex
from typing import Any, TypeVar

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from chassis.contact import Secret
from chassis.secret_files import make_secret, overwrite, read_secret, sync_folder, write_and_sync, write_new
from chassis.settings import SettingsError

V = TypeVar("V")

KEY_ENCRYPTION_KEY = "key-encryption.key"
"""Name of the secret file: 32 bytes. While it is rotated, the new one lies beside it as `….next`."""
DATABASE_ID, LOCK = "database-id", "lock"
_KEY_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Purpose(StrEnum):
    """What a key opens: a seal to us, or our own encrypted copy."""

    RECEIVE = "receive"
    OWN_COPY = "own-copy"


class KeyFileMissing(Exception):  # noqa: N818 - it is a state of the store
    """There is no file of this key."""


class KeyFileUnreadable(Exception):  # noqa: N818
    """The file is there and does not open: damaged, of another key, or under a key encryption key we lack."""


def make_key_encryption_key(secrets: Path) -> Path:
    """Gives a service its key encryption key; one that is there stays. Returns the file."""
    path = secrets / KEY_ENCRYPTION_KEY
    if not path.exists():
        make_secret(path, os.urandom(32))
    return path


class KeyPlaceLost(OSError):
    """The key folder is no longer the one that was opened: unmounted, or another is in its place."""


class KeyFiles:
    """The folder of one service's keys, under the key encryption key in `kek_file`.

    Each call makes sure that the folder is still the one of `open_for`, and raises `KeyPlaceLost` else: in an
    empty folder nothing must count as erased, or as lost.
    """

    def __init__(self, root: Path, kek_file: Path) -> None:
        self.root, self.kek_file = root, kek_file
        self._opened_for: str | None = None
        self.next_kek_file = kek_file.with_name(kek_file.name + ".next")

    def open_for(self, database_id: str, keys_known: bool) -> None:
        """Checks the place before the first use, and switches core dumps off for this process.

        An empty place is taken for this database, unless the database knows keys. Raises `SettingsError` with a
        sentence where the folder belongs to another database, is lost, or is open to others.
        """
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        self.check_elsewhere()
        self.root.parent.mkdir(parents=True, exist_ok=True)
        try:
            self.root.mkdir(mode=0o700)
        except FileExistsError:  # another replica's, begun at the same instant, included
            pass
        if self.check(database_id, keys_known) is None:
            try:
                write_new(self.root / DATABASE_ID, database_id.encode())
            except FileExistsError:
                pass
            self.check(database_id, keys_known)
        os.close(os.open(self.root / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        self._opened_for = database_id

    def check_elsewhere(self) -> None:
        """Raises `SettingsError` where the key encryption key lies beside what it encrypts."""
        if self.kek_file.absolute().is_relative_to(self.root.absolute()):
            raise SettingsError(f"The key encryption key must not lie in the key folder {self.root}: move it out.")

    def check(self, database_id: str, keys_known: bool) -> str | None:
        """Id of the database that the folder says it belongs to; None of an empty one. Makes nothing, and raises
        `SettingsError` where the folder is not fit for this database."""
        self.check_elsewhere()
        if not self.root.is_dir():
            raise SettingsError(f"The key folder {self.root} is not there: mount it, or set KEYS_DIR.")
        self._check_modes()
        self._keks()
        found = self.database_id()
        if found is None and (keys_known or self._names()):
            raise SettingsError(
                f"The key folder {self.root} does not say of which database it is. If it is not mounted, mount "
                f"it. If the keys are lost, write {database_id} into its file {DATABASE_ID}, 0600: the service "
                "then marks every key without a file as lost and asks for new ones."
            )
        if found not in (None, database_id):
            raise SettingsError(
                f"The key folder {self.root} belongs to the database {found}, this one is {database_id}. "
                "Set KEYS_DIR to this database's own folder; databases are restored, key folders never."
            )
        return found

    def in_place(self) -> bool:
        """Whether the folder is the one that was opened."""
        try:
            return self._opened_for is not None and self.database_id() == self._opened_for
        except OSError:
            return False

    def database_id(self) -> str | None:
        """Id of the database that the folder belongs to; None when it says nothing."""
        try:
            return (self.root / DATABASE_ID).read_text().strip()
        except FileNotFoundError:
            return None

    def make(self, key_id: str, purpose: Purpose, referral_id: str, secret: Secret[bytes]) -> None:
        """A new key's file. Raises FileExistsError."""
        with self._locked(fcntl.LOCK_SH):
            write_new(self._path(key_id), self._line(key_id, purpose, referral_id, secret))

    def read(self, key_id: str, purpose: Purpose, referral_id: str) -> Secret[bytes]:
        """The secret of a key. Raises `KeyFileMissing`, `KeyFileUnreadable`."""
        with self._locked(fcntl.LOCK_SH):
            return self._opened(key_id, purpose, referral_id)

    def erase(self, key_id: str) -> int:
        """Ends a key: every file of it, under its name or left half-made, is overwritten and unlinked; how many."""
        found = 0
        with self._locked(fcntl.LOCK_SH):
            for path in [self._path(key_id), *(self.root / n for n in self._leftovers(key_id))]:
                try:
                    overwrite(path)
                    path.unlink()
                    found += 1
                except FileNotFoundError:
                    pass
            sync_folder(self.root)
        return found

    def exists(self, key_id: str) -> bool:
        with self._locked(fcntl.LOCK_SH):
            return self._path(key_id).exists()

    def names(self) -> set[str]:
        """Ids of all keys that have a file."""
        with self._locked(fcntl.LOCK_SH):
            return self._names()

    def older_than(self, seconds: float, now: float) -> set[str]:
        """Names of keys' files and of dot-files last written over so many seconds before `now` (since 1970)."""
        written = self._each(lambda found: found.st_mtime)
        return {name for name, at in written.items() if now - at > seconds} - {DATABASE_ID, LOCK}

    def erase_leftover(self, name: str) -> int:
        """Overwrites and unlinks a dot-file that a crash left; one that is a second name of a key is unlinked."""
        if not name.startswith("."):
            raise ValueError("not a dot-file")
        with self._locked(fcntl.LOCK_EX):
            try:
                if (self.root / name).stat().st_nlink == 1:
                    overwrite(self.root / name)
                (self.root / name).unlink()
            except FileNotFoundError:
                return 0
            sync_folder(self.root)
            return 1

    def begin_rotation(self) -> str:
        """Makes the new key encryption key, or goes on with one that lies there; its id.

        From here on every file is made under it. Raises `SettingsError` where it can't be written.
        """
        with self._locked(fcntl.LOCK_EX):
            if not self.next_kek_file.exists():
                try:
                    write_new(self.next_kek_file, os.urandom(32))
                except OSError as fault:
                    raise SettingsError(
                        f"The new key encryption key can't be written into {self.next_kek_file.parent} "
                        f"({fault.strerror}). Rotate where that folder may be written (docs/operating.md, Keys)."
                    ) from None
            return _kek_id(read_secret(self.next_kek_file))

    def rewrite(self, key_id: str) -> bool:
        """Puts a file under the newest key encryption key; False when it is, or there is no such file."""
        with self._locked(fcntl.LOCK_EX):
            try:
                line = self._read_line(key_id)
            except KeyFileMissing:
                return False
            newest, _ = self._keks()
            if line["kek"] == newest:
                return False
            purpose, referral_id = Purpose(line["purpose"]), line["referral_id"]
            secret = self._opened(key_id, purpose, referral_id)
            first = self.root / f".{key_id}.{token_hex(8)}"
            write_and_sync(first, self._line(key_id, purpose, referral_id, secret))
            first.rename(self._path(key_id))
            sync_folder(self.root)
            return True

    def end_rotation(self, kek_id: str) -> None:
        """Erases the old key encryption key: what is under it alone, in any copy anywhere, opens no more.

        Only when every key has been rewritten under this new one. Does nothing when another rotation has ended
        it, or has gone on to a newer one.
        """
        with self._locked(fcntl.LOCK_EX):
            if self.next_kek_file.exists() and _kek_id(read_secret(self.next_kek_file)) == kek_id:
                overwrite(self.kek_file)
                self.next_kek_file.rename(self.kek_file)
                sync_folder(self.kek_file.parent)

    def _path(self, key_id: str) -> Path:
        if not _KEY_ID.fullmatch(key_id):
            raise ValueError("not a key id")
        return self.root / key_id

    def _names(self) -> set[str]:
        return {n for n in os.listdir(self.root) if _KEY_ID.fullmatch(n)}

    def _leftovers(self, key_id: str) -> list[str]:
        return [n for n in os.listdir(self.root) if n.startswith(f".{key_id}.")]

    def _check_modes(self) -> None:
        if self.root.stat().st_mode & 0o077:
            raise SettingsError(f"The key folder {self.root} is open to others. Run `chmod 700 {self.root}`.")
        if any(mode & 0o077 for mode in self._each(lambda found: found.st_mode).values()):
            raise SettingsError(
                f"Files of the key folder {self.root} are open to others: who read them? "
                f"Rotate (`yhdyspinta keys rotate`) after `chmod 600 {self.root}/*`."
            )

    def _each(self, what: Callable[[os.stat_result], V]) -> dict[str, V]:
        """Something of each file's state, by name; other replicas may take files away meanwhile."""
        seen = {}
        for entry in os.scandir(self.root):
            try:
                if entry.is_file(follow_symlinks=False):
                    seen[entry.name] = what(entry.stat())
            except FileNotFoundError:
                continue
        return seen

    @contextmanager
    def _locked(self, how: int) -> Iterator[None]:
        try:
            lock = os.open(self.root / LOCK, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            raise KeyPlaceLost(f"the key folder {self.root} is not there") from None
        try:
            fcntl.flock(lock, how)
            if not self.in_place():
                raise KeyPlaceLost(f"the key folder {self.root} is another than it was")
            yield
        finally:
            os.close(lock)

    def _keks(self) -> tuple[str, dict[str, bytes]]:
        """Id of the newest key encryption key, and all there are by id."""
        keks = [read_secret(self.next_kek_file)] if self.next_kek_file.exists() else []
        keks.append(read_secret(self.kek_file))
        if any(len(kek) != 32 for kek in keks):
            raise SettingsError(f"The secret file {self.kek_file.name} must hold 32 bytes.")
        by_id = {_kek_id(kek): kek for kek in keks}
        return next(iter(by_id)), by_id

    def _line(self, key_id: str, purpose: Purpose, referral_id: str, secret: Secret[bytes]) -> bytes:
        newest, keks = self._keks()
        nonce = os.urandom(12)
        sealed = AESGCM(keks[newest]).encrypt(nonce, secret.reveal(), _bound(key_id, purpose, referral_id))
        return json.dumps({
            "v": 1, "key_id": key_id, "purpose": purpose, "referral_id": referral_id, "kek": newest,
            "nonce": _to_base64(nonce), "sealed": _to_base64(sealed),
        }).encode() + b"\n"

    def _read_line(self, key_id: str) -> dict[str, Any]:
        path = self._path(key_id)
        try:
            line = json.loads(path.read_bytes())
        except FileNotFoundError:
            raise KeyFileMissing(key_id) from None
        except ValueError:
            raise KeyFileUnreadable(key_id) from None
        if not isinstance(line, dict) or line.get("v") != 1 or line.get("key_id") != key_id:
            raise KeyFileUnreadable(key_id)
        return line

    def _opened(self, key_id: str, purpose: Purpose, referral_id: str) -> Secret[bytes]:
        line, (_, keks) = self._read_line(key_id), self._keks()
        try:
            sealed, nonce = (urlsafe_b64decode(line[n] + "==") for n in ("sealed", "nonce"))
            return Secret(AESGCM(keks[line["kek"]]).decrypt(nonce, sealed, _bound(key_id, purpose, referral_id)))
        except (InvalidTag, ValueError, KeyError, TypeError):
            raise KeyFileUnreadable(key_id) from None


def _kek_id(kek: bytes) -> str:
    return hashlib.sha256(b"yhdyspinta key encryption key\0" + kek).hexdigest()[:16]


def _bound(key_id: str, purpose: Purpose, referral_id: str) -> bytes:
    return f"yhdyspinta-key/1|{key_id}|{purpose}|{referral_id}".encode()


def _to_base64(value: bytes) -> str:
    return urlsafe_b64encode(value).rstrip(b"=").decode()
