"""XGBoost as JSON, with named columns, one of them of categories that the file keeps."""

from pathlib import Path

import numpy as np
import pandas as pd
import xgboost

from makers.cases import write_cases

COLUMNS = ["age", "income", "purpose"]
PURPOSES = ["car", "house", "studies"]


def make(folder: Path) -> None:
    draw = np.random.default_rng(1987)
    table = pd.DataFrame(
        {
            "age": draw.integers(18, 80, 400),
            "income": draw.gamma(3.0, 12.0, 400).round(1),
            "purpose": pd.Categorical(draw.choice(PURPOSES, 400), PURPOSES),
        }
    )
    risk = 25 / table.age + 10 / (table.income + 5) + 0.5 * (table.purpose == "studies")
    late = (risk + draw.normal(0, 0.2, 400) > 1.3).astype(int)
    booster = xgboost.train(
        {"objective": "binary:logistic", "max_depth": 3, "seed": 7},
        xgboost.DMatrix(table, late, enable_categorical=True),
        num_boost_round=8,
    )
    booster.save_model(folder / "package" / "model.json")

    def answer(instances: list) -> list:
        rows = [[i[c] for c in COLUMNS] if isinstance(i, dict) else i for i in instances]
        frame = pd.DataFrame(rows, columns=COLUMNS).astype({"age": float, "income": float})
        frame["purpose"] = pd.Categorical(frame.purpose, PURPOSES)
        return booster.predict(xgboost.DMatrix(frame, enable_categorical=True)).tolist()

    lists = [[25, 12.5, "studies"], [63, 55, "house"], [40.5, 30.1, "car"]]
    write_cases(
        folder,
        [
            [lists[0]],
            lists,
            [dict(reversed(list(zip(COLUMNS, row, strict=True)))) for row in lists],
            [[None, 20, "car"], [30, None, None], [None, None, None]],
        ],
        answer,
    )
