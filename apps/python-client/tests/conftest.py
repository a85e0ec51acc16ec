import logging
import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from api_process import ApiProcess
from packages import small_package

from slipway_client import Slipway

logging.getLogger("httpx").setLevel(logging.WARNING)

SERVICE = os.environ["SLIPWAY_URL"]
ADMINISTRATOR = "an-administrators-token-of-the-tests"


@pytest.fixture
def slipway() -> Iterator[Slipway]:
    with Slipway(SERVICE, progress=False) as client:
        yield client


@pytest.fixture
def name() -> str:
    """Of a model that nobody else has."""
    return f"m{uuid.uuid4().hex[:12]}"


@pytest.fixture
def package(tmp_path: Path) -> Path:
    return small_package(tmp_path / "package")


@pytest.fixture
def api() -> Iterator[ApiProcess]:
    """A second API on the same parts, which can be killed."""
    with ApiProcess() as process:
        process.start()
        yield process


@pytest.fixture(scope="module")
def guarded() -> Iterator[ApiProcess]:
    """One that wants tokens."""
    with ApiProcess(SLIPWAY_ACCESS="on", SLIPWAY_ADMIN_TOKEN=ADMINISTRATOR) as process:
        process.start()
        yield process
