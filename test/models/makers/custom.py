"""Nothing but Python: a Predictor with a sibling module and weights in JSON."""

import json
import math
import sys
from collections import Counter
from pathlib import Path

from unidecode import unidecode

from makers.cases import write_cases

UNSEEN = -8.0
TEXTS = {
    "de": "der hund und die katze sind im haus und wir gehen nicht in die schule weil es regnet "
    "ich habe heute keine zeit für das buch aber morgen werde ich es lesen und schreiben",
    "en": "the dog and the cat are in the house and we do not go to school because it is raining "
    "i have no time for the book today but tomorrow i will read and write it with you",
    "fr": "le chien et le chat sont dans la maison et nous ne allons pas à la école car il pleut "
    "je nai pas le temps pour le livre aujourdhui mais demain je vais le lire avec vous",
}


def pairs_of(text: str) -> Counter:
    words = (f" {word} " for word in unidecode(text).lower().split())
    return Counter(word[i : i + 2] for word in words for i in range(len(word) - 1))


def make(folder: Path) -> None:
    weights: dict[str, dict[str, float]] = {}
    for language, text in TEXTS.items():
        counts = pairs_of(text)
        total = sum(counts.values())
        weights[language] = {p: round(math.log(n / total), 4) for p, n in sorted(counts.items())}
    document = {"unseen": UNSEEN, "languages": weights}
    package = folder / "package"
    (package / "model" / "weights.json").write_text(json.dumps(document, indent=1) + "\n")

    sys.path.insert(0, str(package / "src"))
    from predictor import Predictor

    write_cases(
        folder,
        [
            ["we will go to the house tomorrow"],
            ["ich gehe morgen mit dem Hund", "nous allons à l'école avec le chat"],
            ["", "123", "Größe und Höhe"],
        ],
        Predictor(str(package / "model")).predict,
    )
