"""Keras' own file: three inputs by name, one of them whole numbers, and two outputs."""

from pathlib import Path

import keras
import numpy as np

from makers.cases import write_cases


def make(folder: Path) -> None:
    keras.utils.set_random_seed(7)
    rooms = keras.Input((3,), name="rooms")
    district = keras.Input((), name="district", dtype="int32")
    age = keras.Input((1,), name="age")
    known = keras.layers.Embedding(5, 2)(district)
    joined = keras.layers.Concatenate()([rooms, known, age])
    hidden = keras.layers.Dense(4, activation="relu")(joined)
    price = keras.layers.Dense(1, name="price")(hidden)
    kind = keras.layers.Dense(2, activation="softmax", name="kind")(hidden)
    model = keras.Model([rooms, district, age], [price, kind])
    model.save(folder / "package" / "model.keras")

    def answer(instances: list) -> list:
        names = ["rooms", "district", "age"]
        rows = [[i[n] for n in names] if isinstance(i, dict) else i for i in instances]
        rooms, district, age = (list(column) for column in zip(*rows, strict=True))
        given = [
            np.array(rooms, np.float32),
            np.array(district, np.int32),
            np.array(age, np.float32).reshape(-1, 1),
        ]
        prices, kinds = model.predict(given, verbose=0)
        return [
            {"price": price, "kind": kind}
            for price, kind in zip(prices.tolist(), kinds.tolist(), strict=True)
        ]

    named = [
        {"rooms": [3, 1, 1], "district": 2, "age": 30},
        {"age": 0.5, "district": 0, "rooms": [5, 2, 2.5]},
        {"rooms": [1, 0, 1], "district": 4, "age": 120},
    ]
    write_cases(folder, [named[:1], named, [[[2, 2, 2], 1, 10], [[0, 0, 0], 3, 0]]], answer)
