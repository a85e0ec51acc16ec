"""Counts known words, weighed by how glad they are."""

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
