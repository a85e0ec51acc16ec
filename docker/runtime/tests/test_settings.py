"""Settings come from the environment, and a bad one is told in a sentence."""

from pathlib import Path

import pytest

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
            "WORKERS": "1",
        }
    )
    assert settings == Settings("::", 9000, Path("/m"), Path("/m.json"), "warning", 10, 0)


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("PORT", "http", "PORT must be a whole number from 1 to 65535, not 'http'"),
        ("PORT", "0", "PORT must be a whole number from 1 to 65535, not '0'"),
        ("PORT", "65536", "not '65536'"),
        ("MAX_BODY_BYTES", "1e6", "MAX_BODY_BYTES must be a whole number"),
        ("SHUTDOWN_SECONDS", "-1", "SHUTDOWN_SECONDS must be a whole number"),
        ("LOG_LEVEL", "loud", "LOG_LEVEL must be one of debug, info"),
        ("WORKERS", "4", "WORKERS must be 1, not '4': one container serves with one process"),
    ],
)
def test_a_bad_value_is_refused(name: str, value: str, sentence: str) -> None:
    with pytest.raises(SettingError, match=sentence):
        read_settings({name: value})
