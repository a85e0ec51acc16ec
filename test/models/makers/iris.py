"""scikit-learn as most teams save it: an estimator and its scaler, each in a plain pickle."""

import pickle
from pathlib import Path

import numpy as np
from sklearn.datasets import load_iris
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from makers.cases import write_cases

COLUMNS = ["sepal_length", "sepal_width", "petal_length", "petal_width"]


def make(folder: Path) -> None:
    features, species = load_iris(return_X_y=True)
    scaler = StandardScaler().fit(features)
    tree = DecisionTreeClassifier(max_depth=3, random_state=7).fit(
        scaler.transform(features), species
    )
    model = folder / "package" / "model"
    (model / "model.pkl").write_bytes(pickle.dumps(tree, protocol=5))
    (model / "preprocessor.pkl").write_bytes(pickle.dumps(scaler, protocol=5))

    def answer(instances: list) -> list:
        rows = [[i[c] for c in COLUMNS] if isinstance(i, dict) else i for i in instances]
        return tree.predict(scaler.transform(np.array(rows, dtype=np.float64))).tolist()

    write_cases(
        folder,
        [
            [[5.1, 3.5, 1.4, 0.2]],
            features[::15].tolist(),
            [dict(zip(COLUMNS, row, strict=True)) for row in features[5::40].tolist()],
            [[6, 3, 5, 2], [5, 3, 1, 0]],
            [[5.1, None, 1.4, 0.2], [6.7, 3.0, None, 2.3], [None, None, None, None]],
            [{"petal_width": 2.3, "petal_length": None, "sepal_width": 3.0, "sepal_length": 6.7}],
        ],
        answer,
    )
