"""What a LightGBM file says of itself, and that it is answered as Booster.predict answers."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pandas as pd
import pytest
from conftest import Serve
from starlette.testclient import TestClient

from slipway_runtime.errors import LoadFailed

DRAW = np.random.default_rng(7)
ROWS = DRAW.normal(size=(120, 3)).round(3)
TARGETS = np.digitize(ROWS[:, 0] + ROWS[:, 1], [-0.5, 0.5])

ServeBooster = Callable[..., TestClient]


@pytest.fixture
def serve_booster(serve_document: Serve, tmp_path: Path) -> ServeBooster:
    def start(booster: lightgbm.Booster) -> TestClient:
        booster.save_model(tmp_path / "model.txt")
        return serve_document(DOCUMENT, tmp_path)

    return start


DOCUMENT = {
    "model": "m",
    "version": "1.0.0",
    "contentDigest": "",
    "format": "lightgbm",
    "modelFile": "model.txt",
}


def trained(data: Any, targets: Any = TARGETS, **more: Any) -> lightgbm.Booster:
    dataset = more.pop("dataset", {})
    parameters = {"objective": "regression", "verbose": -1, "seed": 7, "num_leaves": 4, **more}
    return lightgbm.train(parameters, lightgbm.Dataset(data, targets, **dataset), 4)


def predictions(client: TestClient, instances: list[Any]) -> Any:
    answer = client.post("/predict", json={"instances": instances})
    return answer.json()["predictions"] if answer.is_success else answer.json()["error"]


@pytest.mark.parametrize(
    ("parameters", "shape"),
    [
        ({}, [-1]),
        ({"boosting": "dart"}, [-1]),
        ({"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.5}, [-1]),
        ({"objective": "multiclass", "num_class": 3}, [-1, 3]),
        ({"linear_tree": True}, [-1]),
    ],
)
def test_every_kind_of_booster_answers_as_its_predict(
    serve_booster: ServeBooster, parameters: dict[str, Any], shape: list[int]
) -> None:
    booster = trained(ROWS, **parameters)
    client = serve_booster(booster)
    asked = [*ROWS[:3].tolist(), [None, 1e300, 0]]
    expected = booster.predict(np.array(asked, dtype=np.float64)).tolist()
    assert predictions(client, asked) == expected
    metadata = client.get("/metadata").json()
    assert metadata["inputs"] == [{"name": "input", "type": "float64", "shape": [-1, 3]}]
    assert metadata["outputs"] == [{"name": "prediction", "type": "float64", "shape": shape}]


def test_columns_are_taken_by_the_names_that_lightgbm_gave_them(
    serve_booster: ServeBooster,
) -> None:
    booster = trained(pd.DataFrame(ROWS, columns=["a", "yearly income", "c"]))
    client = serve_booster(booster)
    assert [i["name"] for i in client.get("/metadata").json()["inputs"]] == [
        "a",
        "yearly_income",
        "c",
    ]
    asked = {"c": 3, "yearly_income": 2, "a": 1}
    assert predictions(client, [asked]) == booster.predict([[1, 2, 3]]).tolist()
    assert predictions(client, [{"a": 1, "c": 3}])["field"] == "yearly_income"
    assert predictions(client, [{**asked, "d": 4}])["field"] == "d"
    wrong = predictions(client, [asked, {**asked, "c": "3"}])
    assert (wrong["instance"], wrong["field"]) == (1, "c")


def test_an_unknown_category_is_missing_and_another_type_refused(serve: Serve) -> None:
    client = serve("rides-lightgbm")
    types = [(i["name"], i["type"]) for i in client.get("/metadata").json()["inputs"]]
    assert types[1] == ("weather", "string")
    assert types[3] == ("season", "float64")
    assert predictions(client, [[10, "hail", 12, 9]]) == predictions(client, [[10, None, 12, None]])
    for row, field in (([10, 1, 12, 1], "weather"), ([10, "rain", 12, "winter"], "season")):
        error = predictions(client, [row])
        assert (error["instance"], error["field"]) == (0, field)
        assert "expected one of" in error["message"]


def test_without_a_data_frame_a_category_is_its_number(serve_booster: ServeBooster) -> None:
    codes = np.column_stack([ROWS[:, 0], DRAW.integers(0, 4, 120)])
    booster = trained(codes, dataset={"categorical_feature": [1]})
    asked = [[0.5, 3], [0.5, 77], [0.5, None]]
    expected = booster.predict(np.array(asked, dtype=np.float64)).tolist()
    assert predictions(serve_booster(booster), asked) == expected


def test_categories_of_which_nothing_tells_the_column_fail_to_load(
    serve_booster: ServeBooster,
) -> None:
    frame = pd.DataFrame({"n": DRAW.integers(0, 4, 120), "w": pd.Categorical(["x", "y"] * 60)})
    booster = trained(frame, dataset={"categorical_feature": ["n", "w"]})
    with pytest.raises(LoadFailed, match="categories of 1 columns, and names 2 categorical ones"):
        serve_booster(booster)


def test_a_file_that_is_no_booster_fails_to_load(serve_document: Serve, tmp_path: Path) -> None:
    (tmp_path / "model.txt").write_text("not a booster")
    with pytest.raises(LoadFailed, match=r"cannot load model\.txt"):
        serve_document(DOCUMENT, tmp_path)
