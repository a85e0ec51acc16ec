"""TorchScript: a scripted module of one tensor, whose columns the signature names."""

from pathlib import Path

import torch

from makers.cases import write_cases


class Moons(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = torch.nn.Sequential(
            torch.nn.Linear(2, 8), torch.nn.Tanh(), torch.nn.Dropout(), torch.nn.Linear(8, 2)
        )

    def forward(self, points: torch.Tensor) -> torch.Tensor:
        return self.layers(points).softmax(dim=1)


def make(folder: Path) -> None:
    torch.manual_seed(7)
    module = torch.jit.script(Moons().eval())
    module.save(str(folder / "package" / "model" / "model.pt"))

    def answer(instances: list) -> list:
        rows = [[i["east"], i["north"]] if isinstance(i, dict) else i for i in instances]
        with torch.inference_mode():
            return module(torch.tensor(rows, dtype=torch.float32)).tolist()

    write_cases(
        folder,
        [
            [[0.5, -0.25]],
            [{"north": 1, "east": 0}, {"east": -2, "north": 3.5}],
            [[i / 7, 1 - i] for i in range(9)],
        ],
        answer,
    )
