import json
from pathlib import Path

from bigrams import bigrams


class Predictor:
    """Guesses a text's language by naive Bayes over its letters."""

    def __init__(self, model_path):
        weights = json.loads((Path(model_path) / "weights.json").read_text(encoding="utf-8"))
        self.languages = weights["languages"]
        self.unseen = weights["unseen"]

    def predict(self, instances):
        return [self.language(text) for text in instances]

    def language(self, text):
        pairs = bigrams(text)
        if not pairs:
            return None
        return max(self.languages, key=lambda language: self.score(language, pairs))

    def score(self, language, pairs):
        weights = self.languages[language]
        return sum(n * weights.get(pair, self.unseen) for pair, n in pairs.items())
