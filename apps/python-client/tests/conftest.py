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


@pytest.fixture(scope="session")
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


@pytest.fixture(scope="session")
def second_api() -> Iterator[ApiProcess]:
    with ApiProcess() as process:
        yield process


@pytest.fixture
def api(second_api: ApiProcess) -> ApiProcess:
    """Another API on the same parts, which a test may kill."""
    if not second_api.is_running():
        second_api.start()
    return second_api


@pytest.fixture(scope="module")
def guarded() -> Iterator[ApiProcess]:
    """One that wants tokens."""
    with ApiProcess(SLIPWAY_ACCESS="on", SLIPWAY_ADMIN_TOKEN=ADMINISTRATOR) as process:
        process.start()
        yield process
