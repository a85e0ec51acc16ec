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
def bento(tmp_path: Path) -> Path:
    """The Bento of `plants-bento`, to be changed."""
    return Path(shutil.copytree(package_of("plants-bento"), tmp_path / "package"))


def document_of_file(file: str) -> dict[str, Any]:
    return {"model": "m", "version": "1.0.0", "contentDigest": ""} | {
        "format": "bentoml",
        "modelFile": file,
    }


def only_model_of(bento: Path) -> Path:
    return next(bento.glob("models/*/*/model.yaml")).parent


@pytest.mark.parametrize("compression", ["xz", "gz", ""])  # `bentoml export` makes xz
def test_an_archive_answers_as_the_folder_does(
    serve_document: Serve, bento: Path, tmp_path: Path, compression: Any
) -> None:
    (tmp_path / "outer").mkdir()
    with tarfile.open(tmp_path / "outer" / "plants.bento", f"w:{compression}") as tar:
        tar.add(bento, ".")
    client = serve_document(document_of_file("plants.bento"), tmp_path / "outer")
    for case in cases_of("plants-bento"):
        answer = client.post("/predict", json=case["request"]).json()
        assert answer["predictions"] == case["predictions"]
    assert client.get("/metadata").json()["format"] == "bentoml"


def test_a_folder_may_lie_inside_the_package(
    serve_document: Serve, bento: Path, tmp_path: Path
) -> None:
    client = serve_document(document_of_file("package"), tmp_path)
    case = cases_of("plants-bento")[0]
    answer = client.post("/predict", json=case["request"]).json()
    assert answer["predictions"] == case["predictions"]


def test_a_model_of_another_framework_is_served_by_that(serve_document: Serve, bento: Path) -> None:
    folder = only_model_of(bento)
    text = (folder / "model.yaml").read_text().replace("bentoml.sklearn", "bentoml.xgboost")
    (folder / "model.yaml").write_text(text)
    shutil.copy(package_of("flowers-xgboost") / "model.ubj", folder / "saved_model.ubj")
    client = serve_document(document_of_file("."), bento)
    case = cases_of("flowers-xgboost")[0]
    assert (
        client.post("/predict", json=case["request"]).json()["predictions"] == (case["predictions"])
    )


def test_a_models_own_export_is_served_too(
    serve_document: Serve, bento: Path, tmp_path: Path
) -> None:
    (tmp_path / "own").mkdir()
    with tarfile.open(tmp_path / "own" / "plants.bentomodel", "w:gz") as tar:
        tar.add(only_model_of(bento), ".")
    client = serve_document(document_of_file("plants.bentomodel"), tmp_path / "own")
    case = cases_of("plants-bento")[0]
    assert (
        client.post("/predict", json=case["request"]).json()["predictions"] == (case["predictions"])
    )


def test_what_cannot_be_served_says_why(serve_document: Serve, bento: Path) -> None:
    folder = only_model_of(bento)
    text = (folder / "model.yaml").read_text()
    (folder / "model.yaml").write_text(text.replace("bentoml.sklearn", "bentoml.diffusers"))
    with pytest.raises(LoadFailed, match=r"was saved with bentoml\.diffusers; served are those"):
        serve_document(document_of_file("."), bento)
    (folder / "model.yaml").write_text(text)
    (folder / "saved_model.pkl").unlink()
    with pytest.raises(LoadFailed, match=r"the Bento's model plants has no saved_model\.pkl"):
        serve_document(document_of_file("."), bento)
    shutil.copytree(folder, bento / "models" / "other" / "1")
    with pytest.raises(LoadFailed, match="holds several models, other, plants: only a Bento of"):
        serve_document(document_of_file("."), bento)
    shutil.rmtree(bento / "models")
    with pytest.raises(LoadFailed, match="holds no model: name it in the service"):
        serve_document(document_of_file("."), bento)


@pytest.mark.parametrize("content", [b"", b"no archive", None])
def test_what_is_no_archive_or_only_half_of_one_fails_to_load(
    serve_document: Serve, bento: Path, tmp_path: Path, content: bytes | None
) -> None:
    with tarfile.open(tmp_path / "m.bento", "w:xz") as tar:
        tar.add(bento, ".")
    whole = (tmp_path / "m.bento").read_bytes()
    (tmp_path / "m.bento").write_bytes(whole[: len(whole) // 2] if content is None else content)
    with pytest.raises(LoadFailed, match=r"cannot unpack m\.bento"):
        serve_document(document_of_file("m.bento"), tmp_path)


def test_an_archive_does_not_write_beside_its_folder(serve_document: Serve, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with tarfile.open(tmp_path / "m.bento", "w") as tar:
        tar.add(tmp_path / "file", "../escaped")
    with pytest.raises(LoadFailed, match=r"cannot unpack m\.bento"):
        serve_document(document_of_file("m.bento"), tmp_path)
