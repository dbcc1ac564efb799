"""A key's file is there whole or not at all, and once erased it is nowhere, wherever a crash falls."""

import base64
import json
import os
import resource
import shutil
import stat
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from chassis.contact import Secret
from chassis.key_files import (
    KeyFileMissing,
    KeyFiles,
    KeyFileUnreadable,
    KeyPlaceLost,
    Purpose,
    make_key_encryption_key,
)
from chassis.settings import SettingsError

DATABASE, OTHER = "2f95f108-decf-4b77-8411-388737b01e2c", "8d9c1c6e-5a3b-4f5e-9b1c-0a6d2c7e1f00"
KEY, ANOTHER = "019cad66-7df2-4171-9df2-6c3514000d8e", "019cad66-82e4-4090-9e14-ce9d3bf4f15a"
REFERRAL = "019cad66-7df2-7131-9df2-6c3514000d8e"
SECRET = b'{"kty":"OKP","crv":"X25519","x":"public","d":"BEGxpdyOsQkuLSTPRd3vHQ3mSKDkpGsz2Uo8wzuDXLM"}'
RECEIVE = Purpose.RECEIVE


@pytest.fixture
def files(tmp_path: Path) -> KeyFiles:
    made = KeyFiles(tmp_path / "keys", make_key_encryption_key(tmp_path / "secrets"))
    made.open_for(DATABASE, keys_known=False)
    return made


def make(files: KeyFiles, key_id: str = KEY) -> None:
    files.make(key_id, RECEIVE, REFERRAL, Secret(SECRET))


def everything_in(folder: Path) -> bytes:
    return b"".join(p.read_bytes() for p in folder.rglob("*") if p.is_file())


def test_a_key_is_read_as_it_was_made(files: KeyFiles) -> None:
    make(files)
    assert files.read(KEY, RECEIVE, REFERRAL).reveal() == SECRET
    assert files.names() == {KEY}
    assert files.exists(KEY)


def test_the_file_is_one_line_and_nobody_elses(files: KeyFiles) -> None:
    make(files)
    content = (files.root / KEY).read_bytes()
    line = json.loads(content)
    assert content.count(b"\n") == 1
    assert list(line) == ["v", "key_id", "purpose", "referral_id", "kek", "nonce", "sealed"]
    assert (line["v"], line["key_id"], line["purpose"], line["referral_id"]) == (1, KEY, "receive", REFERRAL)
    assert stat.S_IMODE((files.root / KEY).stat().st_mode) == 0o600
    assert stat.S_IMODE(files.root.stat().st_mode) == 0o700
    secret = json.loads(SECRET)["d"]
    for spelled in (secret.encode(), base64.urlsafe_b64decode(secret + "="), SECRET):
        assert spelled not in everything_in(files.root)
    assert files.kek_file.read_bytes() not in everything_in(files.root)


def test_a_key_is_never_made_twice(files: KeyFiles) -> None:
    make(files)
    with pytest.raises(FileExistsError):
        files.make(KEY, RECEIVE, REFERRAL, Secret(b"another"))
    assert files.read(KEY, RECEIVE, REFERRAL).reveal() == SECRET
    assert sorted(os.listdir(files.root)) == sorted([KEY, "database-id", "lock"])


@pytest.mark.parametrize("key_id", ["", "..", "../secrets/x", "database-id", KEY.upper(), KEY + "/", "." + KEY])
def test_what_is_no_key_id_is_no_file(files: KeyFiles, key_id: str) -> None:
    for act in (lambda: make(files, key_id), lambda: files.read(key_id, RECEIVE, REFERRAL),
                lambda: files.erase(key_id), lambda: files.exists(key_id)):
        with pytest.raises(ValueError, match="not a key id"):
            act()


def test_an_erased_key_is_nowhere(files: KeyFiles) -> None:
    make(files)
    second_name = files.root.parent / "kept-open"
    os.link(files.root / KEY, second_name)
    before = second_name.read_bytes()
    assert files.erase(KEY) == 1
    assert not files.exists(KEY)
    assert len(second_name.read_bytes()) == len(before)
    assert json.loads(before)["sealed"].encode() not in second_name.read_bytes()
    with pytest.raises(KeyFileMissing):
        files.read(KEY, RECEIVE, REFERRAL)
    assert files.erase(KEY) == 0


def test_a_file_of_another_key_purpose_or_referral_does_not_open(files: KeyFiles) -> None:
    make(files)
    for purpose, referral in ((Purpose.OWN_COPY, REFERRAL), (RECEIVE, KEY)):
        with pytest.raises(KeyFileUnreadable):
            files.read(KEY, purpose, referral)
    shutil.copy(files.root / KEY, files.root / ANOTHER)
    with pytest.raises(KeyFileUnreadable):
        files.read(ANOTHER, RECEIVE, REFERRAL)
    (files.root / ANOTHER).write_bytes((files.root / KEY).read_bytes().replace(KEY.encode(), ANOTHER.encode()))
    with pytest.raises(KeyFileUnreadable):
        files.read(ANOTHER, RECEIVE, REFERRAL)


@pytest.mark.parametrize("content", [b"", b"x", b"[]", b"{}", b"\xff", b'{"v": 2}', b'{"v": 1, "key_id": "x"}'])
def test_a_damaged_file_does_not_open_and_can_be_erased(files: KeyFiles, content: bytes) -> None:
    make(files)
    (files.root / KEY).write_bytes(content)
    with pytest.raises(KeyFileUnreadable):
        files.read(KEY, RECEIVE, REFERRAL)
    assert files.erase(KEY) == 1


def test_without_the_key_encryption_key_nothing_opens(files: KeyFiles) -> None:
    make(files)
    files.kek_file.write_bytes(os.urandom(32))
    with pytest.raises(KeyFileUnreadable):
        files.read(KEY, RECEIVE, REFERRAL)


# --- the place

def test_the_folder_of_another_database_is_refused(files: KeyFiles) -> None:
    KeyFiles(files.root, files.kek_file).open_for(DATABASE, keys_known=True)
    with pytest.raises(SettingsError, match="belongs to the database"):
        KeyFiles(files.root, files.kek_file).open_for(OTHER, keys_known=True)


def test_an_empty_folder_is_refused_when_the_database_knows_keys(files: KeyFiles, tmp_path: Path) -> None:
    lost = KeyFiles(tmp_path / "unmounted", files.kek_file)
    with pytest.raises(SettingsError, match="mount") as raised:
        lost.open_for(DATABASE, keys_known=True)
    assert DATABASE in str(raised.value)
    (lost.root / "database-id").write_text(DATABASE + "\n")
    (lost.root / "database-id").chmod(0o600)
    lost.open_for(DATABASE, keys_known=True)


def test_keys_without_the_databases_id_are_refused(files: KeyFiles) -> None:
    make(files)
    (files.root / "database-id").unlink()
    with pytest.raises(SettingsError, match="does not say of which database"):
        KeyFiles(files.root, files.kek_file).open_for(DATABASE, keys_known=False)


def test_what_is_open_to_others_is_refused(files: KeyFiles) -> None:
    make(files)
    (files.root / KEY).chmod(0o640)
    with pytest.raises(SettingsError, match="open to others"):
        files.open_for(DATABASE, keys_known=True)
    (files.root / KEY).chmod(0o600)
    files.root.chmod(0o750)
    with pytest.raises(SettingsError, match="chmod 700"):
        files.open_for(DATABASE, keys_known=True)
    files.root.chmod(0o700)
    files.kek_file.chmod(0o604)
    with pytest.raises(SettingsError, match="chmod 600"):
        files.open_for(DATABASE, keys_known=True)
    files.kek_file.chmod(0o600)
    files.open_for(DATABASE, keys_known=True)


def test_the_key_encryption_key_must_be_elsewhere_and_whole(files: KeyFiles, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="must not lie in the key folder"):
        KeyFiles(tmp_path, tmp_path / "secrets" / "key-encryption.key").open_for(DATABASE, keys_known=False)
    files.kek_file.write_bytes(b"short")
    with pytest.raises(SettingsError, match="32 bytes"):
        files.open_for(DATABASE, keys_known=False)
    files.kek_file.unlink()
    with pytest.raises(SettingsError, match="can't be read"):
        files.open_for(DATABASE, keys_known=False)


def test_the_process_dumps_no_core(files: KeyFiles) -> None:
    assert resource.getrlimit(resource.RLIMIT_CORE) == (0, 0)


@pytest.mark.parametrize("fate", ["gone", "empty", "another"])
def test_in_a_lost_folder_nothing_counts_as_erased_or_lost(files: KeyFiles, fate: str, tmp_path: Path) -> None:
    make(files)
    files.root.rename(tmp_path / "unmounted")
    if fate != "gone":
        files.root.mkdir(mode=0o700)
    if fate == "another":
        KeyFiles(files.root, files.kek_file).open_for(OTHER, keys_known=False)
    assert not files.in_place()
    for act in (lambda: files.erase(KEY), lambda: files.exists(KEY), files.names, lambda: make(files, ANOTHER),
                lambda: files.read(KEY, RECEIVE, REFERRAL)):
        with pytest.raises(KeyPlaceLost):
            act()


# --- leftovers

def test_leftovers_are_told_by_their_age(files: KeyFiles) -> None:
    make(files)
    (files.root / f".{KEY}.1234").write_bytes(b"x")
    os.utime(files.root / KEY, (1000, 1000))
    assert files.older_than(60, now=1061) == {KEY}
    assert files.older_than(60, now=1060) == set()
    assert files.erase_leftover(f".{KEY}.1234") == 1
    assert files.erase_leftover(f".{KEY}.1234") == 0
    with pytest.raises(ValueError, match="not a dot-file"):
        files.erase_leftover(KEY)


def test_a_leftover_that_is_a_second_name_of_a_key_is_not_overwritten(files: KeyFiles) -> None:
    make(files)
    os.link(files.root / KEY, files.root / f".{KEY}.1234")
    assert files.erase_leftover(f".{KEY}.1234") == 1
    assert files.read(KEY, RECEIVE, REFERRAL).reveal() == SECRET


def test_erasing_takes_what_a_crash_left_of_the_key(files: KeyFiles) -> None:
    make(files)
    shutil.copy(files.root / KEY, files.root / f".{KEY}.1234")
    make(files, ANOTHER)
    assert files.erase(KEY) == 2
    assert files.names() == {ANOTHER}
    assert not [n for n in os.listdir(files.root) if n.startswith(".")]


# --- rotation

def test_after_a_rotation_the_old_key_encryption_key_opens_nothing(files: KeyFiles, tmp_path: Path) -> None:
    make(files)
    shutil.copytree(files.root, tmp_path / "copied volume")
    old = files.kek_file.read_bytes()
    newest = files.begin_rotation()
    make(files, ANOTHER)
    assert files.rewrite(KEY)
    assert not files.rewrite(KEY)
    assert not files.rewrite(ANOTHER)
    files.end_rotation(newest)
    files.end_rotation(newest)
    assert {json.loads((files.root / k).read_text())["kek"] for k in (KEY, ANOTHER)} == {newest}
    for key_id in (KEY, ANOTHER):
        assert files.read(key_id, RECEIVE, REFERRAL).reveal() == SECRET
    assert old not in everything_in(tmp_path)
    copied = KeyFiles(tmp_path / "copied volume", files.kek_file)
    copied.open_for(DATABASE, keys_known=True)
    with pytest.raises(KeyFileUnreadable):
        copied.read(KEY, RECEIVE, REFERRAL)


def test_a_rotation_does_not_end_the_one_that_came_after_it(files: KeyFiles) -> None:
    make(files)
    first = files.begin_rotation()
    files.rewrite(KEY)
    files.end_rotation(first)
    assert files.begin_rotation() != first
    files.end_rotation(first)
    assert files.read(KEY, RECEIVE, REFERRAL).reveal() == SECRET


def test_a_rotation_brings_no_erased_key_back(files: KeyFiles) -> None:
    make(files)
    files.begin_rotation()
    files.erase(KEY)
    assert not files.rewrite(KEY)
    assert files.names() == set()


# --- crashes

CALLS = ("open", "write", "fsync", "link", "unlink", "rename", "close", "urandom")


def crash_at(number: int, act: Callable[[], object]) -> bool:
    """Runs `act` in a process that ends, without a word, just before its call number `number` to the system;
    False when it made fewer."""
    child = os.fork()
    if child == 0:
        left = [number]

        def counting(call: Callable[..., object]) -> Callable[..., object]:
            def counted(*args: object, **more: object) -> object:
                left[0] -= 1
                if left[0] == 0:
                    os._exit(9)
                return call(*args, **more)
            return counted

        for name in CALLS:
            setattr(os, name, counting(getattr(os, name)))
        try:
            act()
        except BaseException:
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) in (0, 9)
    return os.waitstatus_to_exitcode(status) == 9


def crashes(act: Callable[[], object]) -> Iterator[int]:
    """Lets `act` crash before its first call, its second …; yields after each, ends when it ran through."""
    number = 1
    while crash_at(number, act):
        yield number
        number += 1
    assert number > 3


def test_a_crash_while_making_leaves_a_whole_file_or_none(files: KeyFiles) -> None:
    for _ in crashes(lambda: make(files)):
        if files.exists(KEY):
            assert files.read(KEY, RECEIVE, REFERRAL).reveal() == SECRET
        files.erase(KEY)
        assert sorted(os.listdir(files.root)) == ["database-id", "lock"]


def test_a_crash_while_erasing_is_made_good_by_erasing_again(files: KeyFiles) -> None:
    make(files)
    for _ in crashes(lambda: files.erase(KEY)):
        files.erase(KEY)
        assert sorted(os.listdir(files.root)) == ["database-id", "lock"]
        make(files)


def test_a_crash_in_a_rotation_loses_no_key_and_it_goes_on(files: KeyFiles) -> None:
    make(files)

    def rotate() -> None:
        newest = files.begin_rotation()
        files.rewrite(KEY)
        files.end_rotation(newest)

    for _ in crashes(rotate):
        assert files.read(KEY, RECEIVE, REFERRAL).reveal() == SECRET
        newest = files.begin_rotation()
        assert files.read(KEY, RECEIVE, REFERRAL).reveal() == SECRET
        files.rewrite(KEY)
        files.end_rotation(newest)
        assert files.read(KEY, RECEIVE, REFERRAL).reveal() == SECRET
        assert not files.next_kek_file.exists()


def test_a_crash_while_the_place_is_taken_is_made_good(files: KeyFiles, tmp_path: Path) -> None:
    for _ in crashes(lambda: KeyFiles(tmp_path / "new", files.kek_file).open_for(DATABASE, keys_known=False)):
        KeyFiles(tmp_path / "new", files.kek_file).open_for(DATABASE, keys_known=False)
        shutil.rmtree(tmp_path / "new")


def test_replicas_that_start_at_one_instant_find_the_folder_of_one_of_them(
    files: KeyFiles, tmp_path: Path
) -> None:
    together = threading.Barrier(4)

    def start(root: Path) -> bool:
        together.wait()
        made = KeyFiles(root, files.kek_file)
        made.open_for(DATABASE, keys_known=False)
        return made.in_place()

    with ThreadPoolExecutor(4) as replicas:
        for number in range(50):
            assert list(replicas.map(start, [tmp_path / f"new-{number}" / "coaching"] * 4)) == [True] * 4
