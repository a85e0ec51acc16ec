"""A text model in one pickle, with nothing beside it that says which scikit-learn it wants."""

import pickle
from itertools import product
from pathlib import Path

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from makers.cases import write_cases

SUBJECTS = ["the film", "this phone", "the service", "our room", "the food", "delivery"]
GOOD = ["was wonderful", "is great", "made me happy", "worked perfectly", "exceeded all hopes"]
BAD = ["was terrible", "is awful", "made me angry", "broke at once", "was a waste of money"]


def make(folder: Path) -> None:
    texts = [f"{s} {w}" for s, w in product(SUBJECTS, GOOD + BAD)]
    moods = ["positive" if w in GOOD else "negative" for _, w in product(SUBJECTS, GOOD + BAD)]
    model = make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2)), LogisticRegression(C=10.0, random_state=7)
    ).fit(texts, moods)
    (folder / "package" / "model.pkl").write_bytes(pickle.dumps(model, protocol=5))
    write_cases(
        folder,
        [
            ["the food was wonderful"],
            ["delivery was a waste of money", "our room is great, it made me happy"],
            ["", "ελληνικά και 日本語", "THIS PHONE IS AWFUL!\n\tBroke at once."],
        ],
        lambda instances: model.predict(instances).tolist(),
    )
