"""LightGBM's text file, with named columns and two of categories: words, and numbers."""

from pathlib import Path

import lightgbm
import numpy as np
import pandas as pd

from makers.cases import write_cases

COLUMNS = ["temperature", "weather", "hour", "season"]
WEATHERS = ["clear", "rain", "snow"]
SEASONS = [1, 2, 3, 4]


def make(folder: Path) -> None:
    draw = np.random.default_rng(1817)
    table = pd.DataFrame(
        {
            "temperature": draw.normal(12, 9, 500).round(1),
            "weather": pd.Categorical(draw.choice(WEATHERS, 500), WEATHERS),
            "hour": draw.integers(0, 24, 500),
            "season": pd.Categorical(draw.choice(SEASONS, 500), SEASONS),
        }
    )
    rides = 5 * table.temperature + 80 * (table.weather == "clear") + 3 * table.hour
    booster = lightgbm.train(
        {"objective": "regression", "num_leaves": 7, "seed": 7, "verbose": -1},
        lightgbm.Dataset(table, rides + draw.normal(0, 10, 500)),
        num_boost_round=8,
    )
    booster.save_model(folder / "package" / "model" / "model.txt")

    def answer(instances: list) -> list:
        rows = [[i[c] for c in COLUMNS] if isinstance(i, dict) else i for i in instances]
        frame = pd.DataFrame(rows, columns=COLUMNS).astype({"temperature": float, "hour": float})
        known = {"weather": WEATHERS, "season": SEASONS}
        for name, categories in known.items():
            kept = [value if value in categories else None for value in frame[name]]
            frame[name] = pd.Categorical(kept, categories)
        return booster.predict(frame).tolist()

    lists = [[20.5, "clear", 17, 2], [-3, "snow", 8, 4], [11, "rain", 12.0, 3]]
    write_cases(
        folder,
        [
            [lists[0]],
            lists,
            [dict(reversed(list(zip(COLUMNS, row, strict=True)))) for row in lists],
            [[None, "clear", 3, 1], [10, None, None, None], [None, None, None, None]],
            [[10, "hail", 12, 9]],
        ],
        answer,
    )
