"""Settings come from the environment, each checked once."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from slipway_runtime.errors import SettingError

LOG_LEVELS = ("debug", "info", "warning", "error", "critical")
MIB = 1024 * 1024


@dataclass(frozen=True)
class Settings:
    host: str = "0.0.0.0"
    port: int = 8000
    package: Path = Path("/opt/model")
    """The package's files, as they were uploaded."""
    description: Path = Path("/opt/slipway/model.json")
    log_level: str = "info"
    max_body_bytes: int = 64 * MIB
    shutdown_seconds: int = 25
    """How long running requests may take after SIGTERM; below Kubernetes' 30 s."""

    @property
    def reached_at(self) -> str:
        """The host under which the server is reached from its own container."""
        return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Throws `SettingError`. An empty variable counts as one that is not set."""
    default = Settings()

    def text(name: str, otherwise: str) -> str:
        return environment.get(name, "").strip() or otherwise

    def number(name: str, otherwise: int, lowest: int, highest: int) -> int:
        value = text(name, str(otherwise))
        if not (value.isascii() and value.isdigit() and lowest <= int(value) <= highest):
            raise SettingError(
                f"{name} must be a whole number from {lowest} to {highest}, not {value!r}"
            )
        return int(value)

    log_level = text("LOG_LEVEL", default.log_level).lower()
    if log_level == "warn":
        log_level = "warning"
    if log_level not in LOG_LEVELS:
        raise SettingError(f"LOG_LEVEL must be one of {', '.join(LOG_LEVELS)}, not {log_level!r}")
    if text("WORKERS", "1") != "1":
        # Each process would hold its own copy of the model and count its own share of the metrics.
        raise SettingError(
            f"WORKERS must be 1, not {environment['WORKERS']!r}: "
            "one container serves with one process; to use more, run more containers"
        )
    return Settings(
        host=text("HOST", default.host),
        port=number("PORT", default.port, 1, 65535),
        package=Path(text("MODEL_PATH", str(default.package))),
        description=Path(text("SLIPWAY_MODEL_FILE", str(default.description))),
        log_level=log_level,
        max_body_bytes=number("MAX_BODY_BYTES", default.max_body_bytes, 1, 2**40),
        shutdown_seconds=number("SHUTDOWN_SECONDS", default.shutdown_seconds, 0, 3600),
    )
