"""A SavedModel folder: text and a number by name in, text and a number by name out."""

import shutil
from pathlib import Path

import tensorflow as tf

from makers.cases import write_cases


class Moods(tf.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = tf.Variable(0.25)

    @tf.function(
        input_signature=[
            tf.TensorSpec([None], tf.string, name="text"),
            tf.TensorSpec([None, 2], tf.float32, name="scores"),
        ]
    )
    def serve(self, text: tf.Tensor, scores: tf.Tensor) -> dict[str, tf.Tensor]:
        length = tf.cast(tf.strings.length(text, "UTF8_CHAR"), tf.float32)
        mood = self.weight * length + tf.reduce_sum(scores, axis=1)
        return {"mood": mood, "word": tf.where(mood > 2.0, "glad", "σκυθρωπός")}


def make(folder: Path) -> None:
    model = Moods()
    target = folder / "package" / "model"
    shutil.rmtree(target, ignore_errors=True)
    tf.saved_model.save(model, str(target), signatures={"serving_default": model.serve})

    def answer(instances: list) -> list:
        texts, scores = ([i[name] for i in instances] for name in ("text", "scores"))
        given = model.serve(tf.constant(texts), tf.constant(scores, tf.float32))
        words = [word.decode() for word in given["word"].numpy().tolist()]
        moods = given["mood"].numpy().tolist()
        return [{"mood": m, "word": w} for m, w in zip(moods, words, strict=True)]

    named = [{"text": "a day", "scores": [0.5, 1]}, {"scores": [0, 0], "text": "ώρα"}]
    write_cases(folder, [named[:1], named, [{"text": "", "scores": [3, 4.5]}]], answer)
