"""What a fitted estimator wants is read from the estimator, whatever its shape."""

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
from conftest import Serve
from sklearn.cluster import KMeans
from sklearn.compose import ColumnTransformer, make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.feature_extraction import DictVectorizer
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from starlette.testclient import TestClient

from slipway_runtime.errors import LoadFailed

NUMBERS = [[1.0, 10.0], [2.0, 20.0], [3.0, 35.0], [4.0, 40.0]]
CLASSES = ["low", "low", "high", "high"]
TEXTS = ["good and nice", "nice", "bad", "bad and ugly"]
MOODS = [1, 1, 0, 0]

ServeEstimator = Callable[..., TestClient]


@pytest.fixture
def serve_estimator(serve_document: Serve, tmp_path: Path) -> ServeEstimator:
    def start(estimator: Any, preprocessor: Any = None, **document: Any) -> TestClient:
        (tmp_path / "model.pkl").write_bytes(pickle.dumps(estimator))
        if preprocessor is not None:
            (tmp_path / "preprocessor.pkl").write_bytes(pickle.dumps(preprocessor))
        return serve_document(
            {
                "model": "m",
                "version": "1.0.0",
                "contentDigest": "sha256:0",
                "format": "sklearn",
                "modelFile": "model.pkl",
                "preprocessorFile": None if preprocessor is None else "preprocessor.pkl",
                **document,
            },
            tmp_path,
        )

    return start


def inputs_of(client: TestClient) -> list[tuple[str, str, list[int]]]:
    return [(i["name"], i["type"], i["shape"]) for i in client.get("/metadata").json()["inputs"]]


def predictions(client: TestClient, instances: list[Any]) -> Any:
    answer = client.post("/predict", json={"instances": instances})
    assert answer.status_code == 200, answer.text
    return answer.json()["predictions"]


def refusal(client: TestClient, instances: list[Any]) -> dict[str, Any]:
    answer = client.post("/predict", json={"instances": instances})
    assert answer.status_code == 400, answer.text
    error: dict[str, Any] = answer.json()["error"]
    return error


def test_numbers_without_names_are_one_matrix(serve_estimator: ServeEstimator) -> None:
    client = serve_estimator(DecisionTreeClassifier(random_state=1).fit(NUMBERS, CLASSES))
    assert inputs_of(client) == [("input", "float64", [-1, 2])]
    assert predictions(client, [[1, 12], {"input": [4, 39]}]) == ["low", "high"]
    assert predictions(client, [[True, 12]]) == ["low"]
    assert refusal(client, [[1, 2], [1, "2"]])["field"] == 1
    assert refusal(client, [[1, 2], [1]])["instance"] == 1
    assert "expected a list of 2 values, got 3" in refusal(client, [[1, 2, 3]])["message"]


def test_missing_numbers_reach_a_model_that_takes_them(serve_estimator: ServeEstimator) -> None:
    rows = [*NUMBERS, [np.nan, 1.0], [np.nan, 2.0]]
    tree = DecisionTreeClassifier(random_state=1).fit(rows, [*CLASSES, "unknown", "unknown"])
    assert predictions(serve_estimator(tree), [[None, 1], [1, 10]]) == ["unknown", "low"]


def test_a_missing_number_is_the_callers_mistake_where_the_model_takes_none(
    serve_estimator: ServeEstimator,
) -> None:
    client = serve_estimator(LinearRegression().fit(NUMBERS, [1, 2, 3, 4]))
    error = refusal(client, [[1, None]])
    assert error["code"] == "refused_by_model"
    assert "Input X contains NaN" in error["message"]


def test_a_model_of_one_column_takes_plain_numbers(serve_estimator: ServeEstimator) -> None:
    client = serve_estimator(LinearRegression().fit([[0], [1]], [0.0, 2.0]))
    assert predictions(client, [3, [4], {"input": 5}]) == pytest.approx([6, 8, 10])


def test_several_outputs_are_lists(serve_estimator: ServeEstimator) -> None:
    client = serve_estimator(DecisionTreeRegressor().fit(NUMBERS, [[1.5, 2.5]] * 4))
    assert predictions(client, NUMBERS[:2]) == [[1.5, 2.5], [1.5, 2.5]]
    assert client.get("/metadata").json()["outputs"][0]["shape"] == [-1, 2]


def test_clusterers_predict_too(serve_estimator: ServeEstimator) -> None:
    model = KMeans(n_clusters=2, random_state=1, n_init=1).fit(NUMBERS)
    client = serve_estimator(model)
    assert predictions(client, NUMBERS) == model.predict(NUMBERS).tolist()
    assert client.get("/metadata").json()["outputs"][0]["type"] == "int32"


def test_words_without_names_are_columns_of_objects(serve_estimator: ServeEstimator) -> None:
    rows = np.array([["a", 1], ["b", 2], ["a", 3], ["b", 4]], dtype=object)
    encoder = make_column_transformer((OneHotEncoder(), [0]), (StandardScaler(), [1]))
    model = make_pipeline(encoder, LogisticRegression()).fit(rows, CLASSES)
    client = serve_estimator(model)
    assert predictions(client, [["a", 1], ["b", 4]]) == model.predict(rows[[0, 3]]).tolist()
    assert refusal(client, [["a", "1"]])["field"] == 1
    assert refusal(client, [[7, 1]])["field"] == 0
    unknown = refusal(client, [["c", 1]])
    assert unknown["code"] == "refused_by_model"
    assert "unknown categories" in unknown["message"]


def test_a_text_step_anywhere_in_front_takes_text(serve_estimator: ServeEstimator) -> None:
    union = FeatureUnion([("words", TfidfVectorizer()), ("letters", CountVectorizer())])
    search = GridSearchCV(make_pipeline(union, LogisticRegression()), {}, cv=2).fit(TEXTS, MOODS)
    client = serve_estimator(search)
    assert inputs_of(client) == [("text", "string", [-1])]
    assert predictions(client, ["nice", {"text": "ugly"}, ["bad"]]) == [1, 0, 0]


def test_a_vectorizer_as_preprocessor_takes_text(serve_estimator: ServeEstimator) -> None:
    vectorizer = CountVectorizer().fit(TEXTS)
    model = LogisticRegression().fit(vectorizer.transform(TEXTS), MOODS)
    assert predictions(serve_estimator(model, vectorizer), ["nice", "ugly bad"]) == [1, 0]


def test_a_dict_vectorizer_takes_objects_of_any_keys(serve_estimator: ServeEstimator) -> None:
    rows = [{"a": 1}, {"a": 2, "b": "x"}, {"b": "y"}, {"c": 3}]
    client = serve_estimator(make_pipeline(DictVectorizer(), LogisticRegression()).fit(rows, MOODS))
    assert len(predictions(client, [{"a": 1, "unseen": 4}, {}])) == 2
    assert refusal(client, [[1]])["message"] == "instance 0: expected an object, got a list of 1"


def test_named_columns_of_text_numbers_and_categories(serve_estimator: ServeEstimator) -> None:
    table = pd.DataFrame(
        {"review": TEXTS, "stars": [5, 4, 1, 2], "city": ["a", "b", "a", "b"], "id": [1, 2, 3, 4]}
    )
    columns = ColumnTransformer(
        [
            ("text", TfidfVectorizer(), "review"),
            ("city", OrdinalEncoder(), ["city"]),
            ("stars", StandardScaler(), slice("stars", "stars")),
        ]
    )
    client = serve_estimator(make_pipeline(columns, LogisticRegression()).fit(table, MOODS))
    assert inputs_of(client) == [
        ("review", "string", [-1]),
        ("stars", "float64", [-1]),
        ("city", "string", [-1]),
        ("id", "any", [-1]),
    ]
    # id is dropped by the ColumnTransformer, so nobody needs to send it
    assert predictions(client, [{"stars": 1, "city": "a", "review": "ugly"}]) == [0]
    assert predictions(client, [["nice", 5, "b", 9]]) == [1]
    assert refusal(client, [{"stars": 1, "city": "a"}])["field"] == "review"


def test_names_of_a_signature_serve_a_model_that_was_fitted_without(
    serve_estimator: ServeEstimator,
) -> None:
    signature = {"inputs": [{"name": n, "type": "float64", "shape": [-1]} for n in ("a", "b")]}
    model = DecisionTreeClassifier(random_state=1).fit(NUMBERS, CLASSES)
    client = serve_estimator(model, signature=signature)
    assert predictions(client, [{"b": 40, "a": 4}, [1, 10]]) == ["high", "low"]
    assert refusal(client, [{"b": 40, "a": "4"}])["field"] == "a"


def test_a_signature_that_names_other_columns_than_the_model_fails_to_load(
    serve_estimator: ServeEstimator,
) -> None:
    model = LinearRegression().fit(pd.DataFrame({"a": [1, 2], "b": [3, 4]}), [1, 2])
    signature = {"inputs": [{"name": n, "type": "float64", "shape": [-1]} for n in ("a", "c")]}
    with pytest.raises(LoadFailed, match="the signature names c, but the model was fitted with"):
        serve_estimator(model, signature=signature)


def test_categories_of_boosted_trees_may_be_words(serve_estimator: ServeEstimator) -> None:
    table = pd.DataFrame({"n": [1.0, 2, 3, 4] * 10, "c": pd.Categorical(["x", "y"] * 20)})
    model = HistGradientBoostingClassifier(categorical_features=[1], max_iter=5)
    model.fit(table, [0, 1] * 20)
    client = serve_estimator(model)
    assert inputs_of(client)[1] == ("c", "any", [-1])


@pytest.mark.parametrize(
    ("saved", "reason"),
    [
        ({"model": 1}, "holds a dict, which has no predict method"),
        (np.zeros(3), "holds a ndarray, which has no predict method"),
        (StandardScaler().fit(NUMBERS), "holds a StandardScaler, which has no predict method"),
        (LinearRegression(), "holds a LinearRegression that was not fitted"),
    ],
)
def test_a_pickle_of_something_else_fails_to_load_with_the_reason(
    serve_estimator: ServeEstimator, saved: Any, reason: str
) -> None:
    with pytest.raises(LoadFailed, match=reason):
        serve_estimator(saved)


def test_a_broken_pickle_fails_to_load_with_the_reason(
    serve_document: Serve, tmp_path: Path
) -> None:
    (tmp_path / "model.pkl").write_bytes(b"\x80\x05 not a pickle")
    document = {"model": "m", "version": "1.0.0", "contentDigest": "", "format": "sklearn"}
    with pytest.raises(LoadFailed, match=r"cannot load model\.pkl"):
        serve_document({**document, "modelFile": "model.pkl"}, tmp_path)
    with pytest.raises(LoadFailed, match=r"gone\.pkl is not in the package"):
        serve_document({**document, "modelFile": "gone.pkl"}, tmp_path)


def test_a_pickle_may_refer_to_functions_of_the_packages_src(
    serve_document: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "features.py").write_text("def double(x):\n    return x * 2\n")
    with monkeypatch.context() as at_training:
        at_training.syspath_prepend(str(tmp_path))
        from sklearn.preprocessing import FunctionTransformer
        from src.features import double  # type: ignore[import-not-found]

        model = make_pipeline(FunctionTransformer(double), LinearRegression())
        joblib.dump(model.fit(np.array([[1.0], [2.0]]), [2.0, 4.0]), tmp_path / "model.joblib")
        for name in ("src", "src.features"):
            at_training.delitem(__import__("sys").modules, name)
    document = {"model": "m", "version": "1.0.0", "contentDigest": "", "format": "sklearn"}
    client = serve_document({**document, "modelFile": "model.joblib"}, tmp_path)
    assert predictions(client, [[5.0]]) == pytest.approx([10.0])
