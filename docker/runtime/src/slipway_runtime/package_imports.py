"""Makes the package's own code importable, the way it was when its author ran it."""

import sys
from pathlib import Path


def make_importable(package: Path, code: Path) -> None:
    """`from src.utils import x` and `from utils import x` both work, `code` being the `src` folder.

    Both folders come before installed packages, as a script's own folder does.
    """
    sys.dont_write_bytecode = True  # the package stays as it was uploaded
    for folder in (code, package):
        if folder.is_dir() and str(folder) not in sys.path:
            sys.path.insert(0, str(folder))
