"""Child processes that outlive their parent, and the files that tell of them.

A child is started in a session of its own, so that Ctrl-C in the terminal reaches the services first. After a
parent's sudden death its children go on; the next parent adopts them by their pid file.
"""

import errno
import fcntl
import json
import os
import secrets
import shutil
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from yhdyspinta.embedded.errors import EmbeddedError

LOOPBACK = "127.0.0.1"
LISTENED = range(15_000, 32_000)
"""Below where systems take the ports of outgoing connections from (Linux: from 32768)."""
NEEDED_BYTES = 300_000_000


@dataclass(frozen=True)
class Child:
    """A process as its pid file names it: the number alone may be another's by now."""

    pid: int
    started: float
    port: int

    @classmethod
    def of(cls, pid: int, port: int) -> "Child":
        return cls(pid, psutil.Process(pid).create_time(), port)

    @classmethod
    def read(cls, file: Path) -> "Child | None":
        """What a pid file says; None where there is none, or half of one."""
        try:
            return cls(**json.loads(file.read_text()))
        except (OSError, ValueError, TypeError):
            return None

    def write(self, file: Path) -> None:
        write_private(file, json.dumps(asdict(self)))

    def process(self) -> psutil.Process | None:
        """The living process; None when it has ended, even if another has its number."""
        try:
            found = psutil.Process(self.pid)
            alive = abs(found.create_time() - self.started) < 1 and found.status() != psutil.STATUS_ZOMBIE
        except psutil.Error:
            return None
        return found if alive else None


def end(process: psutil.Process, seconds: float) -> None:
    """Asks a process to end, and makes it after `seconds`."""
    try:
        process.terminate()
        process.wait(seconds)
    except psutil.TimeoutExpired:
        process.kill()
        process.wait(10)
    except psutil.NoSuchProcess:
        return


def free_port() -> int:
    """A port of the loopback address that nobody had a moment ago, and that no outgoing connection is given: a server
    that is started anew on its port would find a client on it."""
    while True:
        port = secrets.choice(LISTENED)
        with closing(socket.socket()) as probe:
            try:
                probe.bind((LOOPBACK, port))
            except OSError as fault:
                if fault.errno not in (errno.EADDRINUSE, errno.EACCES):
                    raise
            else:
                return port


def require_port(port: int, setting: str) -> None:
    """Raises `EmbeddedError` when another program has the port."""
    with closing(socket.socket()) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as fault:
            if fault.errno not in (errno.EADDRINUSE, errno.EACCES):
                raise
            raise EmbeddedError(
                f"Port {port} of {LOOPBACK} is taken by another program{_holder(port)}. "
                f"End that, or set {setting} to a free port."
            ) from None


def _holder(port: int) -> str:
    try:
        for connection in psutil.net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr[1:] == (port,) and connection.pid:
                return f" ({psutil.Process(connection.pid).name()}, process {connection.pid})"
    except psutil.Error:
        pass
    return ""


def require_room(folder: Path) -> None:
    """Raises `EmbeddedError` when the disk is all but full."""
    free = shutil.disk_usage(folder).free
    if free < NEEDED_BYTES:
        raise EmbeddedError(
            f"The disk of {folder} has {free // 1_000_000} MB left, {NEEDED_BYTES // 1_000_000} MB are needed. "
            "Make room and start again."
        )


def full_disk(folder: Path) -> EmbeddedError:
    return EmbeddedError(f"The disk of {folder} is full. Make room and start again; nothing that was stored is lost.")


def write_private(file: Path, content: str) -> None:
    """Writes a file that its owner alone may read, whole or not at all."""
    part = file.with_name(f".{file.name}.part")
    part.unlink(missing_ok=True)
    with open(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as out:
        out.write(content)
    part.replace(file)


def private_folder(folder: Path) -> Path:
    """A folder that its owner alone may enter."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    return folder


def secret(file: Path) -> str:
    """The secret in a file, made at random where there is none yet (256 bits)."""
    if not file.exists():
        private_folder(file.parent)
        write_private(file, secrets.token_urlsafe(32))
    return file.read_text().strip()


@contextmanager
def locked(file: Path, sentence: str | None = None) -> Iterator[None]:
    """Holds a folder's lock. With a sentence it does not wait: `EmbeddedError` when another process has it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with open(file, "a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | (fcntl.LOCK_NB if sentence else 0))
        except BlockingIOError:
            raise EmbeddedError(sentence or "") from None
        yield


def last_lines(file: Path, count: int = 400) -> str:
    """The end of a log."""
    try:
        return "\n".join(file.read_text(errors="replace").splitlines()[-count:])
    except OSError:
        return ""
