"""`yhdyspinta backup` of the embedded servers' folders: what is in it, what never is, when it is not used."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from yhdyspinta.backup import BackupError, folders, opened
from yhdyspinta.embedded import EmbeddedError
from yhdyspinta.embedded.processes import locked

NOW = datetime(2026, 3, 2, 7, tzinfo=UTC)


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


def read(root: Path) -> dict[str, str]:
    return {str(path.relative_to(root)): path.read_text() for path in root.rglob("*")
            if path.is_file() and path.name != "running.lock"}


@pytest.fixture
def var(tmp_path: Path) -> Path:
    write(tmp_path / "var", {
        "postgres/data/PG_VERSION": "18", "kafka/data/meta.properties": "v", "secrets/coaching/kafka-password": "old",
        "secrets/coaching/key-encryption.key": "KEK", "secrets/coaching/key-encryption.key.next": "KEK",
        "keys/coaching/0190": "KEY", "trust/municipal/coaching/a.jwk": "{}",
    })
    return tmp_path / "var"


def back_up(var: Path, to: Path) -> None:
    folders.back_up(var, to, NOW, lambda _: None)


def restore(var: Path, backup: Path) -> None:
    folders.restore(var, backup, lambda _: None)


def test_no_key_is_in_a_backup(var: Path, tmp_path: Path) -> None:
    back_up(var, tmp_path / "backup")
    inside = b"".join(file.read_bytes() for file in (tmp_path / "backup").iterdir())
    assert b"PG_VERSION" in inside
    assert b"KEY" not in inside
    assert b"KEK" not in inside


def test_what_is_restored_takes_the_place_of_what_is_there_and_leaves_todays_keys(var: Path, tmp_path: Path) -> None:
    before = read(var)
    back_up(var, tmp_path / "backup")
    today = {"secrets/coaching/key-encryption.key": "NEW KEK", "secrets/coaching/kafka-password": "new",
             "keys/coaching/0191": "NEW KEY", "trust/municipal/coaching/b.jwk": "{}", "postgres/data/later": "x"}
    write(var, today)
    restore(var, tmp_path / "backup")
    kept = {name: today[name] for name in today if "kafka-password" not in name and "later" not in name}
    assert read(var) == before | kept


def test_on_a_fresh_machine_it_is_all_there_but_the_keys(var: Path, tmp_path: Path) -> None:
    back_up(var, tmp_path / "backup")
    restore(tmp_path / "fresh", tmp_path / "backup")
    assert read(tmp_path / "fresh") == {name: text for name, text in read(var).items() if "KE" not in text}


def test_a_backup_is_never_written_over(var: Path, tmp_path: Path) -> None:
    back_up(var, tmp_path / "backup")
    with pytest.raises(BackupError, match="never written over"):
        back_up(var, tmp_path / "backup")


@pytest.mark.parametrize("damage", ["topics.tar", "backup.json"])
def test_a_damaged_backup_changes_nothing(var: Path, tmp_path: Path, damage: str) -> None:
    back_up(var, tmp_path / "backup")
    (tmp_path / "backup" / damage).write_bytes(b"{")
    before = read(var)
    with pytest.raises(BackupError):
        restore(var, tmp_path / "backup")
    assert read(var) == before


def test_what_runs_is_not_backed_up_by_its_folders(var: Path, tmp_path: Path) -> None:
    with locked(var / "running.lock"), pytest.raises(EmbeddedError, match="end them with Ctrl-C"):
        back_up(var, tmp_path / "backup")
    assert not (tmp_path / "backup").exists()


def test_the_moment_is_told(var: Path, tmp_path: Path) -> None:
    back_up(var, tmp_path / "backup")
    assert opened(tmp_path / "backup").made_at == NOW
