"""Settings come from the environment, and a bad one is told in a sentence."""

from pathlib import Path

import pytest

from slipway_runtime.cpu_limit import cpu_limit
from slipway_runtime.errors import SettingError
from slipway_runtime.settings import Settings, read_settings


def test_defaults_are_those_of_an_image() -> None:
    assert read_settings({}) == Settings()
    assert read_settings({"PORT": "", "LOG_LEVEL": " "}) == Settings()


def test_every_setting_can_be_given() -> None:
    settings = read_settings(
        {
            "HOST": "::",
            "PORT": "9000",
            "MODEL_PATH": "/m",
            "SLIPWAY_MODEL_FILE": "/m.json",
            "LOG_LEVEL": "WARN",
            "MAX_BODY_BYTES": "10",
            "SHUTDOWN_SECONDS": "0",
            "WORKERS": "3",
            "QUEUE_LIMIT": "0",
            "QUEUE_TIMEOUT_SECONDS": "2",
            "PREDICT_TIMEOUT_SECONDS": "3",
            "LOAD_TIMEOUT_SECONDS": "4",
            "BODY_TIMEOUT_SECONDS": "5",
            "WORKER_MAX_MEMORY_BYTES": "6",
            "VALUE_STATISTICS": "OFF",
            "SLIPWAY_IMAGE_DIGEST": "sha256:1",
        }
    )
    assert settings == Settings(
        host="::",
        port=9000,
        package=Path("/m"),
        description=Path("/m.json"),
        log_level="warning",
        workers=3,
        queue_limit=0,
        queue_timeout_seconds=2,
        predict_timeout_seconds=3,
        load_timeout_seconds=4,
        max_body_bytes=10,
        body_timeout_seconds=5,
        shutdown_seconds=0,
        worker_max_memory_bytes=6,
        value_statistics=False,
        image_digest="sha256:1",
    )


def test_workers_can_be_as_many_as_the_container_has_cores() -> None:
    assert read_settings({"WORKERS": "auto"}).workers == cpu_limit()


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("PORT", "http", "PORT must be a whole number from 1 to 65535, not 'http'"),
        ("PORT", "0", "PORT must be a whole number from 1 to 65535, not '0'"),
        ("PORT", "65536", "not '65536'"),
        ("MAX_BODY_BYTES", "1e6", "MAX_BODY_BYTES must be a whole number"),
        ("SHUTDOWN_SECONDS", "-1", "SHUTDOWN_SECONDS must be a whole number"),
        ("LOG_LEVEL", "loud", "LOG_LEVEL must be one of debug, info"),
        ("WORKERS", "0", "WORKERS must be a whole number from 1 to 256, not '0'"),
        ("VALUE_STATISTICS", "some", "VALUE_STATISTICS must be one of on, off, not 'some'"),
    ],
)
def test_a_bad_value_is_refused(name: str, value: str, sentence: str) -> None:
    with pytest.raises(SettingError, match=sentence):
        read_settings({name: value})
