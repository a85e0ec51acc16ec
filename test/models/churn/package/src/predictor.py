import json
import sys
from pathlib import Path

from src.utils import as_table, load_config, load_pickle


class Predictor:
    def __init__(self, model_path: str):
        folder = Path(model_path)
        self.config = load_config(folder / "config.json")
        self.preprocessor = load_pickle(folder / "preprocessor.pkl")
        self.model = load_pickle(folder / "model.pkl")

    def predict(self, instances: list) -> list[dict]:
        table = as_table(instances, self.config["columns"])
        chances = self.model.predict_proba(self.preprocessor.transform(table))[:, 1]
        threshold = self.config["threshold"]
        return [{"churn": bool(c >= threshold), "probability": round(float(c), 6)} for c in chances]


if __name__ == "__main__":
    predictor = Predictor(str(Path(__file__).parent.parent / "model"))
    print(json.dumps(predictor.predict(json.load(sys.stdin))))
