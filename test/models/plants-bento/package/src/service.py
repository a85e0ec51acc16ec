import bentoml
import numpy as np


@bentoml.service
class Plants:
    model_ref = bentoml.models.BentoModel("plants:latest")

    def __init__(self):
        self.model = bentoml.sklearn.load_model(self.model_ref)

    @bentoml.api
    def classify(self, rows: np.ndarray) -> np.ndarray:
        return self.model.predict(rows)
