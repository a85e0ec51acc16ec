/*
 * The packaging guide's folder, with a Predictor that answers as it stands:
 *
 *   slipway.yaml  requirements.txt  README.md
 *   model/config.json   src/{__init__,predictor}.py   tests/test_predictor.py
 *
 * The image is made without a Dockerfile; `GET …/package?as=docker` has one for whoever wants it.
 */
export const skeleton: Record<string, string> = {
  "model/config.json": `{"threshold": 0.5}
`,
  "requirements.txt": `# What the model needs, one a line, such as
# scikit-learn==1.7.2
`,
  "src/__init__.py": "",
  "src/predictor.py": `"""What answers: one Predictor is made when the image starts."""

import json
from pathlib import Path


class Predictor:
    def __init__(self, model_dir):
        self.config = json.loads((Path(model_dir) / "config.json").read_text())
        # What was trained is loaded here, and what it needs stands in requirements.txt:
        # self.model = joblib.load(Path(model_dir) / "model.pkl")

    def predict(self, instances):
        """A list as long as \`instances\`. This stands in for a model."""
        return [int(sum(one) >= self.config["threshold"]) for one in instances]
`,
  "tests/test_predictor.py": `from pathlib import Path

from src.predictor import Predictor


def test_it_answers_each_instance():
    predictor = Predictor(Path(__file__).parent.parent / "model")
    assert predictor.predict([[0.2, 0.9], [0.1, 0.1]]) == [1, 0]
`,
};

export const skeletonExample = `example: {instances: [[0.2, 0.9], [0.1, 0.1]]}    # its proof asks this
expect: {predictions: [1, 0]}                     # and has to hear this
`;

/** The model card (docs/packages.md). */
export function cardFor(name: string, format: string): string {
  return `---
tags: [${format}]
---
# ${name}

What it predicts, for whom, and what it is not to be used for.

## Data

## Metrics
`;
}
