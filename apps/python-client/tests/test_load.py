"""A version becomes a model object."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from slipway_client import NotLoadable, Slipway
from slipway_client import load as loading

MODELS = Path(__file__).parents[3] / "test/models"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache/slipway"


def pushed(slipway: Slipway, name: str, example: str) -> str:
    return slipway.push(name, MODELS / example / "package", wait=False).version


def test_loads_onnx(slipway: Slipway, name: str, cache: Path) -> None:
    version = slipway.push(name, MODELS / "digits-onnx/package", wait=False)
    session = slipway.load(name, "1.0.0")
    [wanted] = session.get_inputs()
    [label, *_] = session.run(None, {wanted.name: np.zeros((1, 64), dtype=np.float32)})
    assert len(label) == 1
    assert version.content_digest is not None
    kept = cache / version.content_digest.split(":")[1] / "model.onnx"
    kept.write_bytes(b"somebody wrote here")
    assert slipway.load(name, "1.0.0").get_inputs()[0].name == wanted.name


@pytest.mark.parametrize("example", ["flowers-xgboost", "loans-xgboost", "rides-lightgbm"])
def test_loads_boosters(slipway: Slipway, name: str, example: str) -> None:
    assert type(slipway.load(name, pushed(slipway, name, example))).__name__ == "Booster"


def test_runs_no_pickle_that_is_not_allowed(slipway: Slipway, name: str, tmp_path: Path) -> None:
    rows = np.array([[1.0], [2.0], [30.0], [40.0]])
    scaler = StandardScaler().fit(rows)
    model = LogisticRegression().fit(scaler.transform(rows), [0, 0, 1, 1])
    (tmp_path / "package/model").mkdir(parents=True)
    joblib.dump(model, tmp_path / "package/model/model.pkl")
    joblib.dump(scaler, tmp_path / "package/model/preprocessor.pkl")
    slipway.push(name, tmp_path / "package", wait=False)
    with pytest.raises(NotLoadable, match=r"runs whatever code .* allow_pickle=True"):
        slipway.load(name, "1.0.0")
    loaded = slipway.load(name, "1.0.0", allow_pickle=True)
    assert loaded.predict(rows).tolist() == [0, 0, 1, 1]


def test_names_what_is_missing(
    slipway: Slipway, name: str, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = pushed(slipway, name, "scorer-onnx")

    def without(needs: Mapping[str, str]) -> loading.Format:
        return loading.Format((".onnx",), needs, lambda path, folder: None)

    formats: dict[str, Any] = {"onnx": without({"no_such_module": "no-such-package"})}
    monkeypatch.setattr(loading, "FORMATS", formats)
    with pytest.raises(NotLoadable, match="pip install no-such-package"):
        slipway.load(name, version)
    assert not cache.exists()


def test_names_the_way_for_other_formats(slipway: Slipway, name: str, package: Path) -> None:
    slipway.push(name, package, wait=False)
    with pytest.raises(NotLoadable, match="format python, which is not loaded here: pull it"):
        slipway.load(name, "1.0.0")


def test_asks_which_file_is_the_model(slipway: Slipway, name: str, tmp_path: Path) -> None:
    (tmp_path / "package").mkdir()
    model = (MODELS / "scorer-onnx/package/model.onnx").read_bytes()
    for file in ("one.onnx", "two.onnx"):
        (tmp_path / "package" / file).write_bytes(model)
    (tmp_path / "package/slipway.yaml").write_text("model: two.onnx\n")
    slipway.push(name, tmp_path / "package", wait=False)
    with pytest.raises(NotLoadable, match=r"\(one\.onnx, two\.onnx\): name it"):
        slipway.load(name, "1.0.0")
    assert slipway.load(name, "1.0.0", file="two.onnx").get_inputs()
    with pytest.raises(NotLoadable, match="has no file"):
        slipway.load(name, "1.0.0", file="three.onnx")
