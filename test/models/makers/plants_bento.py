"""A Bento as `bentoml.export_bento` writes it in a folder: one scikit-learn model, and a service."""

import os
import shutil
import sys
import tempfile
from pathlib import Path

from sklearn.datasets import load_iris
from sklearn.tree import DecisionTreeClassifier

from makers.cases import write_cases

SERVICE = """import bentoml
import numpy as np


@bentoml.service
class Plants:
    model_ref = bentoml.models.BentoModel("plants:latest")

    def __init__(self):
        self.model = bentoml.sklearn.load_model(self.model_ref)

    @bentoml.api
    def classify(self, rows: np.ndarray) -> np.ndarray:
        return self.model.predict(rows)
"""


def make(folder: Path) -> None:
    features, species = load_iris(return_X_y=True)
    tree = DecisionTreeClassifier(max_depth=3, random_state=7).fit(features, species)
    with tempfile.TemporaryDirectory() as store, tempfile.TemporaryDirectory() as sources:
        os.environ.update(BENTOML_HOME=store, BENTOML_DO_NOT_TRACK="True")
        import bentoml  # which reads them once

        bentoml.sklearn.save_model("plants", tree)
        Path(sources, "service.py").write_text(SERVICE, "utf-8")
        sys.path.insert(0, sources)
        bento = bentoml.build(
            "service:Plants",
            build_ctx=sources,
            include=["service.py"],
            python={"packages": ["scikit-learn==1.9.1"], "lock_packages": False},
        )
        package = folder / "package"
        shutil.rmtree(package, ignore_errors=True)
        bentoml.export_bento(str(bento.tag), f"{package}/", output_format="folder")
        loaded = bentoml.sklearn.load_model("plants:latest")
        write_cases(
            folder,
            [[[5.1, 3.5, 1.4, 0.2]], features[::15].tolist()],
            lambda instances: loaded.predict(instances).tolist(),
        )
