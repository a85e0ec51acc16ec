"""Makes the models under test and the cases that check what serves them.

    python test/models/make.py [name …]        without names all but those under slow/

Each maker trains with fixed seeds, writes the binary files of `<name>/package/`, and asks the
framework itself for the answers in `<name>/cases.json`. The packages' text files are sources.
"""

import importlib
import os
import sys
from pathlib import Path

NAMES = [
    "churn",
    "iris",
    "titanic",
    "sentiment",
    "digits-onnx",
    "scorer-onnx",
    "custom",
    "loans-xgboost",
    "flowers-xgboost",
    "rides-lightgbm",
    "wine-mlflow",
    "words-mlflow",
    "plants-bento",
    "digits-safetensors",
]


def main(names: list[str]) -> None:
    root = Path(__file__).parent
    sys.path.insert(0, str(root))
    sys.dont_write_bytecode = True
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    for name in names or NAMES:
        maker = importlib.import_module(f"makers.{Path(name).name.replace('-', '_')}")
        maker.make(root / name)
        print(f"made {name}")


if __name__ == "__main__":
    main(sys.argv[1:])
