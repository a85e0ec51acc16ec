from pathlib import Path

PREDICTOR = """
class Predictor:
    def __init__(self, path):
        pass

    def predict(self, instances):
        return instances
"""


def small_package(folder: Path, text: str = "weights") -> Path:
    """One that every service can serve, with nothing to install."""
    (folder / "src").mkdir(parents=True)
    (folder / "model").mkdir()
    (folder / "src/predictor.py").write_text(PREDICTOR)
    (folder / "model/weights.txt").write_text(text)
    return folder


def large_package(folder: Path, mebibytes: int, seed: bytes) -> Path:
    """With a file that comes in pieces, other bytes for each seed."""
    small_package(folder)
    block = (seed * 1024)[:1024] * 1024
    with (folder / "model/weights.bin").open("wb") as file:
        for number in range(mebibytes):
            file.write(number.to_bytes(8, "big") + block[8:])
    return folder
