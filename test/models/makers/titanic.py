"""A joblib pipeline over named columns, numbers and words, with missing values in both.

The passengers are drawn, not the historical ones; only their columns are the well-known table's.
"""

from pathlib import Path

import joblib
import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from makers.cases import write_cases

COLUMNS = ["pclass", "sex", "age", "fare", "embarked"]
NUMBERS = ["pclass", "age", "fare"]
WORDS = ["sex", "embarked"]


def passengers(count: int) -> tuple[pd.DataFrame, np.ndarray]:
    draw = np.random.default_rng(1912)
    table = pd.DataFrame(
        {
            "pclass": draw.integers(1, 4, count),
            "sex": draw.choice(["female", "male"], count),
            "age": draw.uniform(1, 75, count).round(),
            "fare": draw.gamma(2.0, 16.0, count).round(2),
            "embarked": draw.choice(["S", "C", "Q"], count),
        },
        columns=COLUMNS,
    )
    chance = 0.75 * (table.sex == "female") + 0.4 * (table.age < 14) - 0.12 * (table.pclass - 1)
    survived = (chance + draw.normal(0, 0.15, count) > 0.4).astype(int).to_numpy()
    table.loc[draw.random(count) < 0.15, "age"] = np.nan
    table.loc[draw.random(count) < 0.05, "embarked"] = np.nan
    return table, survived


def make(folder: Path) -> None:
    table, survived = passengers(600)
    model = make_pipeline(
        ColumnTransformer(
            [
                ("numbers", make_pipeline(SimpleImputer(), StandardScaler()), NUMBERS),
                (
                    "words",
                    make_pipeline(
                        SimpleImputer(strategy="most_frequent"),
                        OneHotEncoder(handle_unknown="ignore"),
                    ),
                    WORDS,
                ),
            ]
        ),
        GradientBoostingClassifier(n_estimators=20, max_depth=2, random_state=7),
    ).fit(table, survived)
    joblib.dump(model, folder / "package" / "model.joblib", compress=3)

    def answer(instances: list) -> list:
        rows = [[i[c] for c in COLUMNS] if isinstance(i, dict) else i for i in instances]
        frame = pd.DataFrame(rows, columns=COLUMNS).replace({None: np.nan})
        return model.predict(frame).tolist()

    lists = [
        [1, "female", 29, 211.34, "S"],
        [3, "male", 22, 7.25, "S"],
        [2, "female", 4, 26.0, "C"],
        [3, "male", 2.5, 21, "Q"],
    ]
    write_cases(
        folder,
        [
            [lists[0]],
            lists,
            [dict(reversed(list(zip(COLUMNS, row, strict=True)))) for row in lists],
            [lists[0], dict(zip(COLUMNS, lists[1], strict=True))],
            [[3, "male", None, 8.05, None], [1, "female", None, None, "C"]],
            [[None, "female", None, None, None]],
            [[2, "unknown", 40, 13, "X"]],
        ],
        answer,
    )
