"""An MLflow folder inside a package: a PythonModel in code of its own, with an artifact."""

import json
import shutil
import tempfile
from pathlib import Path

import mlflow.pyfunc
import pandas as pd
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, Schema

from makers.cases import write_cases

SOURCE = '''"""Counts known words, weighed by how glad they are."""

import json

from mlflow.models import set_model
from mlflow.pyfunc import PythonModel


class GladWords(PythonModel):
    def load_context(self, context):
        with open(context.artifacts["weights"], encoding="utf-8") as file:
            self.weights = json.load(file)

    def predict(self, context, model_input, params=None):
        return [self.score(t, b) for t, b in zip(model_input["text"], model_input["bonus"])]

    def score(self, text, bonus):
        words = text.lower().split()
        return {"words": len(words), "gladness": sum(self.weights.get(w, 0) for w in words) + bonus}


set_model(GladWords())
'''
WEIGHTS = {"good": 1.5, "fine": 0.5, "bad": -2}


def make(folder: Path) -> None:
    package = folder / "package"
    shutil.rmtree(package, ignore_errors=True)
    with tempfile.TemporaryDirectory() as scratch:
        code, weights = Path(scratch, "glad_words.py"), Path(scratch, "weights.json")
        code.write_text(SOURCE, "utf-8")
        weights.write_text(json.dumps(WEIGHTS), "utf-8")
        mlflow.pyfunc.save_model(
            package / "model",
            python_model=str(code),
            artifacts={"weights": str(weights)},
            signature=ModelSignature(
                Schema([ColSpec("string", "text"), ColSpec("long", "bonus")]),
                Schema([ColSpec("long", "words"), ColSpec("double", "gladness")]),
            ),
            pip_requirements=["mlflow==3.17.2"],
        )
    served = mlflow.pyfunc.load_model(str(package / "model"))
    write_cases(
        folder,
        [
            [{"text": "a good day", "bonus": 1}],
            [["Fine or bad", 0], ["", 2]],
        ],
        lambda instances: served.predict(pd.DataFrame(instances, columns=["text", "bonus"])),
    )
