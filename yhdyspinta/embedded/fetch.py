"""Fetches the jars of the embedded broker, checks each against the SHA-256 in `jars.lock`.

A download that was cut off goes on where it stopped. Where the files come from is a setting: `MAVEN_MIRROR`, else
the mirror in `~/.m2/settings.xml`, else Maven's central repository.
"""

import errno
import hashlib
import os
import ssl
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import certifi
import httpx
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from yhdyspinta.embedded.errors import EmbeddedError
from yhdyspinta.embedded.processes import full_disk, locked

LOCK_FILE = Path(__file__).parent / "jars.lock"
THREADS = 8
TRIES = 4


@dataclass(frozen=True)
class Jar:
    """One pinned file: `group:artifact:version`, its SHA-256, its size in bytes."""

    coordinates: str
    sha256: str
    size: int

    @property
    def file(self) -> str:
        _, artifact, version = self.coordinates.split(":")
        return f"{artifact}-{version}.jar"

    @property
    def path(self) -> str:
        """Where it lies in a Maven repository."""
        group, artifact, version = self.coordinates.split(":")
        return f"{group.replace('.', '/')}/{artifact}/{version}/{self.file}"


def pinned(lock: Path = LOCK_FILE) -> tuple[Jar, ...]:
    """The jars of a lock file, in the order of the class path."""
    rows = (line.split() for line in lock.read_text().splitlines() if line and not line.startswith("#"))
    return tuple(Jar(coordinates, sha256, int(size)) for coordinates, sha256, size in rows)


def repository() -> str:
    """Address of the Maven repository to fetch from, without a slash at its end."""
    address = os.environ.get("MAVEN_MIRROR") or _mirror_of_settings(Path.home() / ".m2" / "settings.xml")
    if not address:
        from jgo.constants import MAVEN_CENTRAL_URL

        address = MAVEN_CENTRAL_URL
    return address.rstrip("/")


def _mirror_of_settings(file: Path) -> str | None:
    try:
        settings = ElementTree.parse(file)  # noqa: S314 - the user's own file
    except (OSError, ElementTree.ParseError):
        return None
    for mirror in settings.iterfind(".//{*}mirror"):
        of = {name.strip() for name in mirror.findtext("{*}mirrorOf", "").split(",")}
        if of & {"*", "external:*", "central"} and "!central" not in of:
            return mirror.findtext("{*}url", "").strip() or None
    return None


def fetch(folder: Path, jars: Sequence[Jar] | None = None, address: str | None = None) -> list[Path]:
    """The jars' paths, each there and checked; what is missing is fetched, in eight threads, with progress shown.

    Raises `EmbeddedError` when the repository can't be reached, the disk is full, or a file's checksum is wrong.
    """
    jars = pinned() if jars is None else jars
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder / ".lock"), ThreadPoolExecutor(THREADS) as threads:
        good = threads.map(lambda jar: _sha256(folder / jar.file) == jar.sha256, jars)
        missing = [jar for jar, there in zip(jars, list(good), strict=True) if not there]
        if missing:
            _fetch_all(threads, folder, missing, address or repository())
    return [folder / jar.file for jar in jars]


def _fetch_all(threads: ThreadPoolExecutor, folder: Path, jars: Sequence[Jar], address: str) -> None:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    trust = ssl.create_default_context()
    trust.load_verify_locations(certifi.where())
    with (
        Progress(*columns, console=Console(stderr=True)) as progress,
        httpx.Client(base_url=f"{address}/", headers={"accept-encoding": "identity"}, timeout=30,
                     follow_redirects=True, verify=trust) as client,
    ):
        task = progress.add_task(f"Kafka ({len(jars)} files)", total=sum(jar.size for jar in jars))
        work = [threads.submit(_fetch, client, folder, jar, lambda n: progress.advance(task, n)) for jar in jars]
        try:
            for one in work:
                one.result()
        except BaseException:
            for one in work:
                one.cancel()
            raise


def _fetch(client: httpx.Client, folder: Path, jar: Jar, seen: Callable[[int], None]) -> None:
    """One file, whole and checked under its name; what is there of it is kept when the line breaks."""
    part = folder / f"{jar.file}.part"
    had = 0
    for attempt in range(1, TRIES + 1):
        try:
            if part.exists() and part.stat().st_size > had:
                seen(part.stat().st_size - had)
            had = _download(client, jar, part, seen)
            break
        except httpx.HTTPStatusError as fault:
            raise EmbeddedError(
                f"The Maven repository answered {fault.response.status_code} for {jar.coordinates}. "
                "Set MAVEN_MIRROR to a repository that has it."
            ) from None
        except httpx.HTTPError as fault:
            had = part.stat().st_size if part.exists() else 0
            if attempt == TRIES:
                raise EmbeddedError(
                    f"{jar.coordinates} could not be fetched ({type(fault).__name__}). Check the network and start "
                    "again: what is there is kept. MAVEN_MIRROR names another repository."
                ) from None
        except OSError as fault:
            if fault.errno in (errno.ENOSPC, errno.EDQUOT):
                raise full_disk(folder) from None
            raise
    if _sha256(part) != jar.sha256:
        part.unlink()
        raise EmbeddedError(
            f"{jar.coordinates} does not have the SHA-256 of jars.lock, so it was thrown away. Start again; if that "
            "does not help, the repository serves another file than Maven's central one: do not use it."
        )
    part.replace(folder / jar.file)


def _download(client: httpx.Client, jar: Jar, part: Path, seen: Callable[[int], None]) -> int:
    """Adds to `part` what it lacks; returns its size."""
    have = part.stat().st_size if part.exists() else 0
    if have == jar.size:
        return have
    if have > jar.size:
        part.unlink()
        have = 0
    headers = {"range": f"bytes={have}-"} if have else {}
    with client.stream("GET", jar.path, headers=headers) as answer:
        answer.raise_for_status()
        goes_on = answer.status_code == httpx.codes.PARTIAL_CONTENT
        with part.open("ab" if goes_on else "wb") as out:
            if have and not goes_on:
                seen(-have)
            for block in answer.iter_raw():
                out.write(block)
                seen(len(block))
    return part.stat().st_size


def _sha256(file: Path) -> str | None:
    """Checksum of a file; None where it is not there."""
    try:
        with file.open("rb") as content:
            return hashlib.file_digest(content, "sha256").hexdigest()
    except FileNotFoundError:
        return None
