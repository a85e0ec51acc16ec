"""The files of a version come back, whole or not at all."""

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from conftest import SERVICE
from packages import large_package, small_package
from proxy import Proxy, once

from slipway_client import Damaged, Invalid, NotFound, Slipway
from slipway_client.pull import target_of

MEBIBYTE = 1024**2


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return large_package(tmp_path_factory.mktemp("large") / "package", 20, b"pulled")


@pytest.fixture(scope="module")
def model(large: Path) -> str:
    with Slipway(SERVICE, progress=False) as client:
        client.push("pulled", large, version="1.0.0", wait=False)
    return "pulled"


def files_in(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_brings_the_same_files(slipway: Slipway, model: str, large: Path, tmp_path: Path) -> None:
    assert slipway.pull(model, "1.0.0", to=tmp_path / "back").version == "1.0.0"
    assert files_in(tmp_path / "back") == files_in(large)


def test_goes_on_where_the_connection_was_cut(model: str, large: Path, tmp_path: Path) -> None:
    with Proxy(SERVICE) as proxy, Slipway(proxy.url, progress=False) as client:
        proxy.watch_down = once(15 * MEBIBYTE)
        client.pull(model, "1.0.0", to=tmp_path / "back")
        assert proxy.down < 21 * MEBIBYTE
    assert files_in(tmp_path / "back") == files_in(large)


def test_goes_on_in_the_next_run_and_leaves_no_half_file(
    model: str, large: Path, tmp_path: Path
) -> None:
    back = tmp_path / "back"
    with Proxy(SERVICE) as proxy:
        with Slipway(proxy.url, progress=False, retry_seconds=0) as client:
            proxy.watch_down = once(15 * MEBIBYTE)
            with pytest.raises(Exception, match="closed the connection"):
                client.pull(model, "1.0.0", to=back)
        assert not (back / "model/weights.bin").exists()
        before = proxy.down
        with Slipway(proxy.url, progress=False) as client:
            client.pull(model, "1.0.0", to=back)
            assert proxy.down - before < 8 * MEBIBYTE
            assert files_in(back) == files_in(large)
            before = proxy.down
            client.pull(model, "1.0.0", to=back)  # all is there
            assert proxy.down - before < 10_000


def test_puts_right_what_was_changed_and_leaves_what_is_not_its_own(
    slipway: Slipway, model: str, large: Path, tmp_path: Path
) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src/predictor.py").write_text("changed")
    (tmp_path / "notes.txt").write_text("mine")
    slipway.pull(model, "1.0.0", to=tmp_path)
    assert files_in(tmp_path) == {**files_in(large), "notes.txt": b"mine"}


def test_keeps_nothing_of_bytes_that_are_not_the_files(model: str, tmp_path: Path) -> None:
    with Proxy(SERVICE) as proxy, Slipway(proxy.url, progress=False) as client:
        proxy.change_down = lambda chunk: chunk.replace(b"pulledpulled", b"pulledpulleD")
        with pytest.raises(Damaged, match=r"weights\.bin did not come as sha256:"):
            client.pull(model, "1.0.0", to=tmp_path)
    assert not (tmp_path / "model/weights.bin").exists()


def test_pulls_into_one_folder_at_once(model: str, large: Path, tmp_path: Path) -> None:
    def pull(_: int) -> None:
        with Slipway(SERVICE, progress=False) as client:
            client.pull(model, "1.0.0", to=tmp_path)

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(pull, range(3)))
    assert files_in(tmp_path) == files_in(large)


def test_says_that_there_is_no_such_version(slipway: Slipway, model: str, tmp_path: Path) -> None:
    with pytest.raises(NotFound) as missing:
        slipway.pull(model, "prod", to=tmp_path / "back")
    assert missing.value.code == "version_not_found"
    assert not (tmp_path / "back").exists()


@pytest.mark.parametrize(
    "path", ["../x", "a/../../x", "/etc/x", "a//b", "./x", "..", "", ".slipway-pull/x"]
)
def test_writes_nothing_outside_of_the_folder(path: str, tmp_path: Path) -> None:
    with pytest.raises(Invalid):
        target_of(tmp_path, path)


def test_writes_nothing_by_way_of_a_link(slipway: Slipway, name: str, tmp_path: Path) -> None:
    slipway.push(name, small_package(tmp_path / "package"), wait=False)
    (tmp_path / "back").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "back/model").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Invalid, match="remove the link"):
        slipway.pull(name, "1.0.0", to=tmp_path / "back")
    assert list((tmp_path / "elsewhere").iterdir()) == []
    (tmp_path / "back/model").unlink()
    (tmp_path / "back/model").mkdir()
    (tmp_path / "mine.txt").write_text("mine")
    (tmp_path / "back/model/weights.txt").symlink_to(tmp_path / "mine.txt")
    slipway.pull(name, "1.0.0", to=tmp_path / "back")
    assert (tmp_path / "mine.txt").read_text() == "mine"
    assert (tmp_path / "back/model/weights.txt").read_text() == "weights"


@pytest.mark.parametrize("kind", ["link", "nowhere", "pipe", "hard link"])
def test_opens_no_part_that_is_not_its_own(
    kind: str, slipway: Slipway, name: str, tmp_path: Path
) -> None:
    slipway.push(name, small_package(tmp_path / "package"), wait=False)
    mine = tmp_path / "mine.txt"
    mine.write_text("mine")
    parts = tmp_path / "back/.slipway-pull"
    parts.mkdir(parents=True)
    for file in slipway.files(name, "1.0.0"):
        by_path = hashlib.sha256(file.path.encode()).hexdigest()[:16]
        part = parts / f"{str(file.digest)[-64:]}-{by_path}"
        if kind == "pipe":
            os.mkfifo(part)
        elif kind == "hard link":
            os.link(mine, part)
        else:
            part.symlink_to(mine if kind == "link" else tmp_path / "nowhere")
    with pytest.raises(Invalid, match="stands in the way: remove it"):
        slipway.pull(name, "1.0.0", to=tmp_path / "back")
    assert mine.read_text() == "mine"
    assert not (tmp_path / "nowhere").exists()


def test_removes_nothing_of_others_by_way_of_its_folder(
    slipway: Slipway, name: str, tmp_path: Path
) -> None:
    slipway.push(name, small_package(tmp_path / "package"), wait=False)
    back = tmp_path / "back"
    slipway.pull(name, "1.0.0", to=back)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / f"{'a' * 64}-{'b' * 16}").write_text("mine")
    (back / ".slipway-pull").symlink_to(tmp_path / "mine")
    slipway.pull(name, "1.0.0", to=back)  # all is there
    (back / "model/weights.txt").unlink()
    with pytest.raises(Invalid, match="stands in the way: remove it"):
        slipway.pull(name, "1.0.0", to=back)
    assert len(files_in(tmp_path / "mine")) == 1
    (back / ".slipway-pull").unlink()
    (back / ".slipway-pull").mkdir()
    (back / ".slipway-pull/notes.txt").write_text("mine")
    slipway.pull(name, "1.0.0", to=back)
    assert (back / ".slipway-pull/notes.txt").read_text() == "mine"
