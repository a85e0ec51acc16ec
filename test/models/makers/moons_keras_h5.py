"""The older file of Keras: a Sequential model of one input and one output."""

import warnings
from pathlib import Path

import keras
import numpy as np

from makers.cases import write_cases


def make(folder: Path) -> None:
    keras.utils.set_random_seed(7)
    model = keras.Sequential(
        [
            keras.Input((2,), name="point"),
            keras.layers.Dense(8, activation="tanh"),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    warnings.simplefilter("ignore")
    model.save(folder / "package" / "model" / "model.h5")

    def answer(instances: list) -> list:
        return model.predict(np.array(instances, np.float32), verbose=0).tolist()

    write_cases(
        folder, [[[0.5, -0.25]], [[0, 0], [1, 1], [-2, 3.5]], [[i / 7, 1 - i] for i in range(9)]], answer
    )
