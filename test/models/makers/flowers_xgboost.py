"""XGBoost as UBJSON: three classes, columns without names, and a probability for each class."""

from pathlib import Path

import numpy as np
import xgboost
from sklearn.datasets import load_iris

from makers.cases import write_cases


def make(folder: Path) -> None:
    features, species = load_iris(return_X_y=True)
    booster = xgboost.train(
        {"objective": "multi:softprob", "num_class": 3, "max_depth": 2, "seed": 7},
        xgboost.DMatrix(features, species),
        num_boost_round=5,
    )
    booster.save_model(folder / "package" / "model.ubj")

    def answer(instances: list) -> list:
        return booster.predict(xgboost.DMatrix(np.array(instances, dtype=np.float64))).tolist()

    write_cases(
        folder,
        [
            [[5.1, 3.5, 1.4, 0.2]],
            features[::15].tolist(),
            [[6, 3, 5, 2], [5, 3, 1, 0]],
            [[5.1, None, 1.4, 0.2], [None, None, None, None]],
        ],
        answer,
    )
