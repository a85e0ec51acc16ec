"""A folder becomes a version."""

import os
import threading
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from api_process import PATIENCE_SECONDS
from conftest import SERVICE
from packages import large_package, small_package
from proxy import Proxy

from slipway_client import BuildFailed, Conflict, Invalid, NotFound, Slipway, StillBuilding


def test_makes_the_model_and_a_version_that_is_ready(
    slipway: Slipway, name: str, package: Path
) -> None:
    pushed = slipway.push(
        name, package, labels={"team": "fraud"}, metadata={"auc": 0.91}, description="first"
    )
    assert (pushed.version, pushed.status, pushed.format) == ("1.0.0", "ready", "python")
    assert (pushed.labels, pushed.metadata) == ({"team": "fraud"}, {"auc": 0.91})
    assert pushed.image is not None
    assert pushed.image.reference.endswith(pushed.image.digest)
    assert [version.version for version in slipway.versions(name, labels={"team": "fraud"})]
    assert [model.latest_version for model in slipway.models(search=name)] == ["1.0.0"]
    assert pushed.build is not None
    lines = [line.text for line in slipway.build_log(pushed.build.id)]
    assert any(pushed.image.digest in line for line in lines)


def test_numbers_versions_by_the_step_that_is_asked_for(
    slipway: Slipway, name: str, tmp_path: Path
) -> None:
    numbers = [
        slipway.push(
            name, small_package(tmp_path / str(one), step), version=step, wait=False
        ).version
        for one, step in enumerate(("auto", "patch", "minor", "major", "auto"))
    ]
    assert numbers == ["1.0.0", "1.0.1", "1.1.0", "2.0.0", "2.0.1"]


@pytest.mark.parametrize("mebibytes", [1, 33])
def test_takes_the_next_number_where_another_push_was_quicker(
    slipway: Slipway, name: str, tmp_path: Path, mebibytes: int
) -> None:
    folders = [
        large_package(tmp_path / str(one), mebibytes, f"{name}{one}".encode()) for one in range(3)
    ]
    with ThreadPoolExecutor(3) as pool:
        pushed = list(pool.map(lambda one: slipway.push(name, one, wait=False), folders))
    assert sorted(version.version for version in pushed) == ["1.0.0", "1.0.1", "1.0.2"]
    for version, folder in zip(pushed, folders):
        files = {file.path: file.size_bytes for file in slipway.files(name, version.version)}
        assert files["model/weights.bin"] == (folder / "model/weights.bin").stat().st_size
    assert len({version.content_digest for version in pushed}) == 3


def test_passes_over_the_number_of_a_deleted_version(
    slipway: Slipway, name: str, package: Path
) -> None:
    slipway.push(name, package, wait=False)
    place = f"{SERVICE}/v1/models/{name}/versions"
    httpx.post(place, json={"version": "1.0.1"}, timeout=PATIENCE_SECONDS).raise_for_status()
    httpx.delete(f"{place}/1.0.1", timeout=PATIENCE_SECONDS).raise_for_status()
    assert slipway.push(name, package, wait=False).version == "1.0.2"


def test_is_content_with_a_version_that_is_there_already(
    slipway: Slipway, name: str, package: Path
) -> None:
    first = slipway.push(name, package, version="3.0.0", metadata={"auc": 1}, wait=False)
    again = slipway.push(name, package, version="3.0.0", metadata={"auc": 1}, wait=False)
    assert again.content_digest == first.content_digest
    with pytest.raises(Conflict, match="sealed, with other files or metadata"):
        slipway.push(name, package, version="3.0.0", metadata={"auc": 2}, wait=False)
    (package / "model/more.txt").write_text("more")
    with pytest.raises(Conflict, match="push another version"):
        slipway.push(name, package, version="3.0.0", metadata={"auc": 1}, wait=False)


def test_goes_on_with_a_draft_and_leaves_only_what_is_in_the_folder(
    slipway: Slipway, name: str, package: Path
) -> None:
    httpx.post(
        f"{SERVICE}/v1/models", json={"name": name}, timeout=PATIENCE_SECONDS
    ).raise_for_status()
    place = f"{SERVICE}/v1/models/{name}/versions"
    httpx.post(place, json={"version": "1.0.0"}, timeout=PATIENCE_SECONDS).raise_for_status()
    for path in ("model/old.txt", "SRC/other.py"):
        httpx.put(
            f"{place}/1.0.0/files/{path}", content=b"old", timeout=PATIENCE_SECONDS
        ).raise_for_status()
    pushed = slipway.push(name, package, version="1.0.0", labels={"a": "b"}, wait=False)
    assert pushed.labels == {"a": "b"}
    paths = [file.path for file in slipway.files(name, "1.0.0")]
    assert paths == ["model/weights.txt", "src/predictor.py"]


def test_refuses_a_draft_that_was_begun_with_other_metadata(
    slipway: Slipway, name: str, package: Path
) -> None:
    httpx.post(
        f"{SERVICE}/v1/models", json={"name": name}, timeout=PATIENCE_SECONDS
    ).raise_for_status()
    draft = {"version": "1.0.0", "metadata": {"auc": 1}}
    httpx.post(
        f"{SERVICE}/v1/models/{name}/versions", json=draft, timeout=PATIENCE_SECONDS
    ).raise_for_status()
    with pytest.raises(Conflict, match="begun with other metadata"):
        slipway.push(name, package, version="1.0.0", metadata={"auc": 2})


def test_sends_no_byte_of_a_large_file_that_is_known(name: str, tmp_path: Path) -> None:
    folder = large_package(tmp_path / "large", 33, name.encode())
    with Proxy(SERVICE) as proxy, Slipway(proxy.url, progress=False) as client:
        client.push(name, folder, wait=False)
        sent = proxy.up
        (folder / "model/weights.txt").write_text("new")
        assert client.push(name, folder, wait=False).version == "1.0.1"
        assert sent > 33 * 1024**2 > 100_000 > proxy.up - sent


@pytest.mark.parametrize("mebibytes", [0, 33])
def test_says_every_fault_of_a_package(
    slipway: Slipway, name: str, package: Path, mebibytes: int
) -> None:
    (package / "slipway.yaml").write_text("format: skleern\nmodle: x\n")
    (package / "padding.bin").write_bytes(bytes(mebibytes * 1024**2))
    with pytest.raises(Invalid) as refused:
        slipway.push(name, package)
    assert refused.value.code == "package_invalid"
    assert len(refused.value.errors) == 2
    assert "skleern" in str(refused.value)
    (package / "slipway.yaml").unlink()
    if mebibytes == 0:  # in one request: nothing has stayed
        assert slipway.push(name, package, wait=False).version == "1.0.0"
    else:
        assert 'push again with version="1.0.0"' in str(refused.value)
        assert slipway.push(name, package, version="1.0.0", wait=False).version == "1.0.0"


def test_says_why_an_image_was_not_made(slipway: Slipway, name: str, package: Path) -> None:
    with pytest.raises(BuildFailed, match="could not be built: there is no version of x") as failed:
        slipway.push(name, package, metadata={"unresolvable": "x"})
    assert failed.value.code == "requirements_unresolvable"
    assert failed.value.errors[-1]["where"] == "log"


def test_waits_no_longer_than_it_is_told(slipway: Slipway, name: str, package: Path) -> None:
    with pytest.raises(StillBuilding, match="goes on waiting"):
        slipway.push(name, package, wait=0.01)
    assert slipway.wait(name, "1.0.0").status == "ready"


def test_refuses_a_folder_that_is_none_or_empty(
    slipway: Slipway, name: str, tmp_path: Path
) -> None:
    with pytest.raises(Invalid, match="there is no folder"):
        slipway.push(name, tmp_path / "none")
    (tmp_path / "empty/__pycache__").mkdir(parents=True)
    (tmp_path / "empty/__pycache__/x.pyc").write_bytes(b"x")
    with pytest.raises(Invalid, match="holds no files"):
        slipway.push(name, tmp_path / "empty")
    with pytest.raises(NotFound):
        slipway.model(name)


def test_refuses_metadata_that_is_no_json(slipway: Slipway, package: Path) -> None:
    with pytest.raises(Invalid, match="metadata is no JSON document"):
        slipway.push("churn", package, metadata={"auc": {0.9}})


@pytest.mark.parametrize("version", ["1.2", "v1.2.0", "next", "1.2.0+build", ""])
def test_refuses_what_is_no_version(slipway: Slipway, package: Path, version: str) -> None:
    with pytest.raises(Invalid, match="is no version"):
        slipway.push("churn", package, version=version)


@pytest.mark.parametrize("mebibytes", [0, 33])
def test_keeps_names_in_any_alphabet(
    slipway: Slipway, name: str, package: Path, mebibytes: int
) -> None:
    names = ["grüße/größe 100%.txt", "模型/권重 #1?&=+.txt", "model/ä~'();@:$,.txt", "x" * 200]
    for one in names:
        place = package / unicodedata.normalize("NFD", one)
        place.parent.mkdir(exist_ok=True)
        place.write_text(one)
    (package / "padding.bin").write_bytes(bytes(mebibytes * 1024**2))
    slipway.push(name, package, wait=False)
    there = {file.path for file in slipway.files(name, "1.0.0")}
    assert {unicodedata.normalize("NFC", one) for one in names} < there
    slipway.pull(name, "1.0.0", to=package.parent / "back")
    for one in names:
        back = package.parent / "back" / unicodedata.normalize("NFC", one)
        assert back.read_text() == one


def test_takes_a_link_to_a_file_beside_it_and_none_out_of_the_folder(
    slipway: Slipway, name: str, package: Path, tmp_path: Path
) -> None:
    (package / "model/same.txt").symlink_to("weights.txt")
    assert slipway.push(name, package, wait=False).file_count == 3
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "data").mkdir()
    (tmp_path / "data/rows.csv").write_text("1")
    (package / "model/out.txt").symlink_to(tmp_path / "secret")
    (package / "data").symlink_to(tmp_path / "data")
    (package / "gone").symlink_to(tmp_path / "none")
    os.mkfifo(package / "pipe")
    with pytest.raises(Invalid, match="cannot be pushed") as refused:
        slipway.push(name, package, wait=False)
    wrong = [fault["where"] for fault in refused.value.errors]
    assert wrong == ["data", "gone", "model/out.txt", "pipe"]
    for one in ("gone", "pipe"):
        (package / one).unlink()
    (package / "data/above").symlink_to(package)  # a circle
    slipway.push(name, package, follow_links=True, wait=False)
    there = {file.path for file in slipway.files(name, "1.0.1")}
    assert {"data/rows.csv", "model/out.txt"} < there


def test_leaves_out_what_tools_leave_behind(slipway: Slipway, name: str, package: Path) -> None:
    for folder in (".git", "src/__pycache__", ".ipynb_checkpoints"):
        (package / folder).mkdir()
        (package / folder / "x").write_text("x")
    (package / ".DS_Store").write_text("x")
    assert slipway.push(name, package, wait=False).file_count == 2


def test_says_that_a_file_was_changed_meanwhile(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = large_package(tmp_path / "large", 40, name.encode())

    def change(count: int) -> None:
        if count > 10 * 1024**2:
            with (folder / "model/weights.bin").open("r+b") as file:
                file.seek(-8, os.SEEK_END)
                file.write(b"changed!")

    with Proxy(SERVICE) as proxy, Slipway(proxy.url, progress=False) as client:
        proxy.watch_up = change
        with pytest.raises(Invalid, match="was changed while it was pushed") as refused:
            client.push(name, folder, wait=False)
    assert refused.value.code == "file_changed"


def test_is_used_by_several_threads(slipway: Slipway, name: str, tmp_path: Path) -> None:
    good = large_package(tmp_path / "good", 33, name.encode())
    bad = small_package(tmp_path / "bad")
    (bad / "slipway.yaml").write_text("format: nothing\n")
    pushed: list[str] = []
    other = threading.Thread(
        target=lambda: pushed.append(slipway.push(name, good, wait=False).version)
    )
    other.start()
    with pytest.raises(Invalid):
        slipway.push(f"{name}-bad", bad)
    other.join()
    assert pushed == ["1.0.0"]
