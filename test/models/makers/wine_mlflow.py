"""An MLflow folder as the package's top: scikit-learn's flavor with a signature and an example."""

import shutil
from pathlib import Path

import mlflow.pyfunc
import mlflow.sklearn
import numpy as np
import pandas as pd
from mlflow.models import infer_signature
from sklearn.ensemble import HistGradientBoostingClassifier

from makers.cases import write_cases

COLUMNS = ["acidity", "alcohol", "organic"]


def make(folder: Path) -> None:
    draw = np.random.default_rng(1855)
    table = pd.DataFrame(
        {
            "acidity": draw.normal(6, 1, 300).round(2),
            "alcohol": draw.normal(12, 1.5, 300).round(1),
            "organic": draw.random(300) < 0.3,
        }
    )
    quality = np.where(table.alcohol + table.organic > 12.5, "good", "plain")
    model = HistGradientBoostingClassifier(max_iter=5, max_leaf_nodes=4, random_state=7)
    model.fit(table, quality)
    package = folder / "package"
    shutil.rmtree(package, ignore_errors=True)
    mlflow.sklearn.save_model(
        model,
        package,
        signature=infer_signature(table, model.predict(table)),
        input_example=table.head(2),
        serialization_format="cloudpickle",
        pip_requirements=["mlflow==3.17.2", "scikit-learn==1.9.1", "cloudpickle==3.1.3"],
    )
    served = mlflow.pyfunc.load_model(str(package))

    def answer(instances: list) -> list:
        rows = [[i[c] for c in COLUMNS] if isinstance(i, dict) else i for i in instances]
        frame = pd.DataFrame(rows, columns=COLUMNS).astype(
            {"acidity": float, "alcohol": float, "organic": bool}
        )
        return served.predict(frame).tolist()

    lists = [[6.1, 13.2, True], [5.5, 11.0, False], [7, 12, True]]
    write_cases(
        folder,
        [
            [lists[0]],
            lists,
            [dict(reversed(list(zip(COLUMNS, row, strict=True)))) for row in lists],
            [[None, 13.5, False], [6.0, None, True]],
        ],
        answer,
    )
