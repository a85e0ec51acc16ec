"""The packaging guide's own shape: a Predictor that brings its own preprocessing."""

import json
import pickle
from pathlib import Path

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from makers.cases import write_cases

NUMBERS, CONTRACT = [0, 1, 3], [2]


def customers(count: int) -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(20)
    tenure = draw.integers(0, 72, count)
    charges = draw.uniform(20, 120, count).round(2)
    contract = draw.choice(["monthly", "yearly", "two-year"], count)
    calls = draw.poisson(1.5, count)
    unrest = charges / 40 + calls - tenure / 18 + (contract == "monthly") * 1.5
    churned = (unrest + draw.normal(0, 0.6, count) > 2.5).astype(int)
    table = np.empty((count, 4), dtype=object)
    for index, column in enumerate([tenure, charges, contract, calls]):
        table[:, index] = column
    return table, churned


def make(folder: Path) -> None:
    table, churned = customers(500)
    preprocessor = ColumnTransformer(
        [
            ("numbers", make_pipeline(SimpleImputer(), StandardScaler()), NUMBERS),
            ("contract", OneHotEncoder(handle_unknown="ignore"), CONTRACT),
        ]
    )
    model = LogisticRegression(random_state=7).fit(preprocessor.fit_transform(table), churned)
    files = folder / "package" / "model"
    (files / "preprocessor.pkl").write_bytes(pickle.dumps(preprocessor, protocol=5))
    (files / "model.pkl").write_bytes(pickle.dumps(model, protocol=5))
    columns = json.loads((files / "config.json").read_text())["columns"]

    def answer(instances: list) -> list:
        rows = [[i[c] for c in columns] if isinstance(i, dict) else i for i in instances]
        cells = [[np.nan if v is None else v for v in row] for row in rows]
        features = preprocessor.transform(np.array(cells, dtype=object))
        chances = model.predict_proba(features)[:, 1].tolist()
        return [{"churn": c >= 0.5, "probability": round(c, 6)} for c in chances]

    lists = [[1, 99.0, "monthly", 6], [70, 40.0, "two-year", 0], [12, 55.5, "yearly", 2]]
    write_cases(
        folder,
        [
            [lists[0]],
            lists,
            [dict(zip(columns, row, strict=True)) for row in lists],
            [[None, 70.25, "monthly", None], [5, None, None, 1], [3, 30, "weekly", 0]],
        ],
        answer,
    )
