"""What the service answers, as values. Fields are those of the wire, in snake_case; those that a
newer service adds are passed over."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Optional


@dataclass(frozen=True)
class Layer:
    digest: str
    size_bytes: int
    kind: str


@dataclass(frozen=True)
class Platform:
    platform: str
    digest: str
    size_bytes: int
    layers: tuple[Layer, ...] = ()


@dataclass(frozen=True)
class Image:
    """`reference` is what a container engine pulls: `host/repository@sha256:…`."""

    reference: str
    repository: str
    digest: str
    origin: str
    status: str = "present"
    reason: Optional[str] = None
    platforms: tuple[Platform, ...] = ()


@dataclass(frozen=True)
class Latency:
    p50: float
    p99: float


@dataclass(frozen=True)
class Proof:
    """What came of running the image."""

    status: str
    checked: str
    reason: Optional[str] = None
    cold_start_ms: Optional[int] = None
    latency_ms: Optional[Latency] = None
    memory_bytes: Optional[int] = None
    log: Optional[str] = None


@dataclass(frozen=True)
class BuildState:
    id: str
    status: str


@dataclass(frozen=True)
class BuildError:
    code: str
    message: str


@dataclass(frozen=True)
class Waiting:
    """`for_` names the part that is away."""

    for_: str
    until: Optional[datetime] = None


@dataclass(frozen=True)
class Build:
    id: str
    model: str
    version: str
    status: str
    attempt: int
    created_at: datetime
    image: Optional[Image] = None
    waiting: Optional[Waiting] = None
    error: Optional[BuildError] = None
    started_at: Optional[datetime] = None
    finished_at: Optional[datetime] = None


@dataclass(frozen=True)
class LogLine:
    at: datetime
    text: str


@dataclass(frozen=True)
class Model:
    name: str
    title: str
    description: str
    created_at: datetime
    created_by: str
    latest_version: Optional[str] = None
    labels: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Version:
    model: str
    version: str
    number: int
    status: str
    size_bytes: int
    file_count: int
    created_at: datetime
    created_by: str
    description: str = ""
    content_digest: Optional[str] = None
    format: Optional[str] = None
    labels: dict[str, str] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    build: Optional[BuildState] = None
    image: Optional[Image] = None
    proof: Optional[Proof] = None
    tags: tuple[str, ...] = ()
    sealed_at: Optional[datetime] = None


@dataclass(frozen=True)
class File:
    """`digest` is None while a file that came without one is verified."""

    path: str
    size_bytes: int
    status: str
    digest: Optional[str] = None


@dataclass(frozen=True)
class Tag:
    """A tag where it is."""

    model: str
    tag: str
    version: str
    image_digest: str
    revision: int
    moved_at: datetime
    moved_by: str
    reason: str = ""


@dataclass(frozen=True)
class TagMove:
    """A row of a tag's history: `from_` and `to` are versions, None at its ends."""

    model: str
    tag: str
    revision: int
    moved_at: datetime
    moved_by: str
    reason: str = ""
    version: Optional[str] = None
    image_digest: Optional[str] = None
    from_: Optional[str] = None
    to: Optional[str] = None


@dataclass(frozen=True)
class PolicyVersion:
    models: str
    tag: str
    version: int


@dataclass(frozen=True)
class Verdict:
    """Of one rule: `passed`, `failed` or `waiting`, and in `reason` what was found."""

    rule: str
    status: str
    reason: str
    policy: Optional[PolicyVersion] = None
    holds_at: Optional[datetime] = None


@dataclass(frozen=True)
class Approval:
    approver: str
    decision: str
    at: datetime
    comment: str = ""


@dataclass(frozen=True)
class Promotion:
    """A move of a tag under its policies. While it is `waiting` the tag is where it was."""

    id: str
    model: str
    tag: str
    version: str
    image_digest: str
    status: str
    requested_at: datetime
    requested_by: str
    reason: str = ""
    from_: Optional[str] = None
    not_before: Optional[datetime] = None
    waits_until: Optional[datetime] = None
    verdicts: tuple[Verdict, ...] = ()
    approvals: tuple[Approval, ...] = ()
    revision: Optional[int] = None
    explanation: Optional[str] = None
    ended_by: Optional[str] = None
    ended_at: Optional[datetime] = None
