"""A Bento is served by the one model that it holds."""

import shutil
import tarfile
from pathlib import Path
from typing import Any

import pytest
from conftest import Serve
from served_models import cases_of, package_of

from slipway_runtime.errors import LoadFailed


@pytest.fixture
def unpacked(tmp_path: Path) -> Path:
    """The Bento of `plants-bento` as a folder."""
    folder = tmp_path / "package"
    with tarfile.open(package_of("plants-bento") / "plants.bento") as tar:
        tar.extractall(folder, filter="data")
    return folder


def document_of_file(file: str) -> dict[str, Any]:
    return {"model": "m", "version": "1.0.0", "contentDigest": ""} | {
        "format": "bentoml",
        "modelFile": file,
    }


def only_model_of(bento: Path) -> Path:
    return next(bento.glob("models/*/*/model.yaml")).parent


@pytest.mark.parametrize("inside", [".", "bento"])
def test_a_folder_answers_as_the_archive_does(
    serve_document: Serve, unpacked: Path, tmp_path: Path, inside: str
) -> None:
    package = unpacked
    if inside != ".":
        package = tmp_path / "outer"
        shutil.copytree(unpacked, package / inside)
    client = serve_document(document_of_file(inside), package)
    for case in cases_of("plants-bento"):
        answer = client.post("/predict", json=case["request"]).json()
        assert answer["predictions"] == case["predictions"]
    assert client.get("/metadata").json()["format"] == "bentoml"


def test_a_model_of_another_framework_is_served_by_that(
    serve_document: Serve, unpacked: Path
) -> None:
    folder = only_model_of(unpacked)
    text = (folder / "model.yaml").read_text().replace("bentoml.sklearn", "bentoml.xgboost")
    (folder / "model.yaml").write_text(text)
    shutil.copy(package_of("flowers-xgboost") / "model.ubj", folder / "saved_model.ubj")
    client = serve_document(document_of_file("."), unpacked)
    case = cases_of("flowers-xgboost")[0]
    assert (
        client.post("/predict", json=case["request"]).json()["predictions"] == (case["predictions"])
    )


def test_a_models_own_export_is_served_too(
    serve_document: Serve, unpacked: Path, tmp_path: Path
) -> None:
    (tmp_path / "own").mkdir()
    with tarfile.open(tmp_path / "own" / "plants.bentomodel", "w:gz") as tar:
        tar.add(only_model_of(unpacked), ".")
    client = serve_document(document_of_file("plants.bentomodel"), tmp_path / "own")
    case = cases_of("plants-bento")[0]
    assert (
        client.post("/predict", json=case["request"]).json()["predictions"] == (case["predictions"])
    )


def test_what_cannot_be_served_says_why(serve_document: Serve, unpacked: Path) -> None:
    folder = only_model_of(unpacked)
    text = (folder / "model.yaml").read_text()
    (folder / "model.yaml").write_text(text.replace("bentoml.sklearn", "bentoml.diffusers"))
    with pytest.raises(LoadFailed, match=r"was saved with bentoml\.diffusers; served are those"):
        serve_document(document_of_file("."), unpacked)
    (folder / "model.yaml").write_text(text)
    (folder / "saved_model.pkl").unlink()
    with pytest.raises(LoadFailed, match=r"the Bento's model plants has no saved_model\.pkl"):
        serve_document(document_of_file("."), unpacked)
    shutil.copytree(folder, unpacked / "models" / "other" / "1")
    with pytest.raises(LoadFailed, match="holds several models, other, plants: only a Bento of"):
        serve_document(document_of_file("."), unpacked)
    shutil.rmtree(unpacked / "models")
    with pytest.raises(LoadFailed, match="holds no model: name it in the service"):
        serve_document(document_of_file("."), unpacked)


@pytest.mark.parametrize("content", [b"", b"no archive", None])
def test_what_is_no_archive_or_only_half_of_one_fails_to_load(
    serve_document: Serve, tmp_path: Path, content: bytes | None
) -> None:
    whole = (package_of("plants-bento") / "plants.bento").read_bytes()
    (tmp_path / "m.bento").write_bytes(whole[: len(whole) // 2] if content is None else content)
    with pytest.raises(LoadFailed, match=r"cannot unpack m\.bento"):
        serve_document(document_of_file("m.bento"), tmp_path)


def test_an_archive_does_not_write_beside_its_folder(serve_document: Serve, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with tarfile.open(tmp_path / "m.bento", "w") as tar:
        tar.add(tmp_path / "file", "../escaped")
    with pytest.raises(LoadFailed, match=r"cannot unpack m\.bento"):
        serve_document(document_of_file("m.bento"), tmp_path)
