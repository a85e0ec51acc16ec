"""Settings come from the environment, each checked once."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from slipway_runtime.cpu_limit import cpu_limit
from slipway_runtime.errors import SettingError

LOG_LEVELS = ("debug", "info", "warning", "error", "critical")
MIB = 1024 * 1024
MOST_WORKERS = 256
DAY = 24 * 3600


@dataclass(frozen=True)
class Settings:
    host: str = "0.0.0.0"
    port: int = 8000
    package: Path = Path("/opt/model")
    """The package's files, as they were uploaded."""
    description: Path = Path("/opt/slipway/model.json")
    log_level: str = "info"
    workers: int = 1
    queue_limit: int = 100
    """Requests that may wait for a worker."""
    queue_timeout_seconds: int = 30
    predict_timeout_seconds: int = 60
    """As long as load balancers wait as a rule."""
    load_timeout_seconds: int = 600
    max_body_bytes: int = 64 * MIB
    body_timeout_seconds: int = 30
    shutdown_seconds: int = 25
    """How long running requests may take after SIGTERM; below Kubernetes' 30 s."""
    worker_max_memory_bytes: int | None = None
    """None: nine tenths of the container's limit, shared by the workers."""
    value_statistics: bool = True
    image_digest: str | None = None

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

    def choice(name: str, otherwise: str, choices: tuple[str, ...]) -> str:
        value = text(name, otherwise).lower()
        if value not in choices:
            raise SettingError(f"{name} must be one of {', '.join(choices)}, not {value!r}")
        return value

    log_level = choice("LOG_LEVEL", default.log_level, (*LOG_LEVELS, "warn"))
    workers = text("WORKERS", str(default.workers))
    return Settings(
        host=text("HOST", default.host),
        port=number("PORT", default.port, 1, 65535),
        package=Path(text("MODEL_PATH", str(default.package))),
        description=Path(text("SLIPWAY_MODEL_FILE", str(default.description))),
        log_level="warning" if log_level == "warn" else log_level,
        workers=cpu_limit() if workers == "auto" else number("WORKERS", 1, 1, MOST_WORKERS),
        queue_limit=number("QUEUE_LIMIT", default.queue_limit, 0, 100_000),
        queue_timeout_seconds=number(
            "QUEUE_TIMEOUT_SECONDS", default.queue_timeout_seconds, 1, DAY
        ),
        predict_timeout_seconds=number(
            "PREDICT_TIMEOUT_SECONDS", default.predict_timeout_seconds, 1, DAY
        ),
        load_timeout_seconds=number("LOAD_TIMEOUT_SECONDS", default.load_timeout_seconds, 1, DAY),
        max_body_bytes=number("MAX_BODY_BYTES", default.max_body_bytes, 1, 2**40),
        body_timeout_seconds=number("BODY_TIMEOUT_SECONDS", default.body_timeout_seconds, 1, DAY),
        shutdown_seconds=number("SHUTDOWN_SECONDS", default.shutdown_seconds, 0, 3600),
        worker_max_memory_bytes=number("WORKER_MAX_MEMORY_BYTES", 0, 0, 2**50) or None,
        image_digest=text("SLIPWAY_IMAGE_DIGEST", "") or None,
        value_statistics=choice("VALUE_STATISTICS", "on", ("on", "off")) == "on",
    )
