"""What callers use."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Union

from slipway_client import builds
from slipway_client.connection import Connection, at
from slipway_client.documents import Build, File, LogLine, Model, Promotion, Tag, TagMove, Version
from slipway_client.load import cache_folder, format_of, load_from
from slipway_client.paging import items
from slipway_client.progress import Progress
from slipway_client.promotion import moved
from slipway_client.pull import pull
from slipway_client.push import push
from slipway_client.settings import service_token, service_url
from slipway_client.version import __version__
from slipway_client.wire import moment, read

Place = Union[str, "os.PathLike[str]"]


class Slipway:
    """One service, and who asks. May be used by several threads.

    `url` and `token` are those of `SLIPWAY_URL` (else http://127.0.0.1:7070) and `SLIPWAY_TOKEN` or
    `SLIPWAY_TOKEN_FILE` where they are not given. `progress`: True or False; else bars are shown in
    notebooks and terminals. A service that was reached and then restarts is asked again for
    `retry_seconds`. Where a `version` is read, a tag's name works too.
    """

    def __init__(
        self,
        url: str | None = None,
        token: str | None = None,
        *,
        progress: bool | None = None,
        retry_seconds: float = 120,
    ) -> None:
        agent = f"slipway-client/{__version__}"
        self._connection = Connection(service_url(url), service_token(token), retry_seconds, agent)
        self._shown = progress

    def __repr__(self) -> str:
        return f"Slipway({self._connection.url!r})"

    def __enter__(self) -> Slipway:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        self._connection.close()

    def push(
        self,
        model: str,
        folder: Place,
        *,
        version: str = "auto",
        description: str | None = None,
        labels: Mapping[str, str] | None = None,
        metadata: Mapping[str, Any] | None = None,
        wait: bool | float = True,
        follow_links: bool = False,
    ) -> Version:
        """Makes a version of a folder, and waits until its image is ready.

        `version` is a number, or the next one: `auto` and `patch`, `minor`, `major`. A model that
        is not there is made. What the service has is not sent again; run again after whatever cut
        it off, the same push goes on with the same draft. `wait`: False, or for how many seconds at
        most. Throws `Invalid` for a folder or package that cannot be taken, `Conflict` for a number
        that is taken, `BuildFailed`, `StillBuilding`.
        """
        progress = Progress(self._shown)
        connection = self._connection.apart()
        pushed = push(
            connection,
            model,
            Path(folder),
            version=version,
            description=description,
            labels=labels or {},
            metadata=metadata or {},
            follow_links=follow_links,
            progress=progress,
        )
        if wait is False:
            return pushed
        return builds.wait_ready(connection, pushed, None if wait is True else wait, progress)

    def wait(self, model: str, version: str, *, timeout: float | None = None) -> Version:
        """Until the image of a version is ready. Throws `BuildFailed`, and `StillBuilding` after
        `timeout` seconds."""
        progress = Progress(self._shown)
        return builds.wait_ready(
            self._connection.apart(), self.version(model, version), timeout, progress
        )

    def pull(self, model: str, version: str, *, to: Place) -> Version:
        """Brings the files of a version into a folder; returns which version that was. Each is
        verified by its digest before it has its name. Run again, it goes on; what is there is not
        sent again."""
        found = self.version(model, version)
        pull(self._connection.apart(), found, Path(to), Progress(self._shown))
        return found

    def load(
        self,
        model: str,
        version: str,
        *,
        file: str | None = None,
        allow_pickle: bool = False,
    ) -> Any:
        """The model as an object: an `InferenceSession` of ONNX, a `Booster` of XGBoost or
        LightGBM, and with `allow_pickle` a scikit-learn estimator; to load a pickle runs the code
        in it. `file` names the model where a package holds several. Throws `NotLoadable`."""
        found = self.version(model, version)
        how = format_of(found, allow_pickle)
        folder = cache_folder() / str(found.content_digest).partition(":")[2]
        pull(self._connection.apart(), found, folder, Progress(self._shown))
        return load_from(folder, found, how, file)

    def promote(
        self,
        model: str,
        version: str,
        tag: str,
        *,
        reason: str = "",
        if_revision: int | None = None,
        not_before: datetime | None = None,
        breaks_signature: bool = False,
    ) -> Tag | Promotion:
        """Moves a tag to a version: the `Tag`, or a `Promotion` where it waits for what its
        policies ask for, or until `not_before`. With `if_revision` only from there, 0 being a tag
        that is not set. `breaks_signature`: its inputs and outputs may be others. Throws
        `PromotionRefused`, `Conflict`."""
        headers = {}
        if if_revision is not None:
            headers = (
                {"if-none-match": "*"} if if_revision == 0 else {"if-match": f'"{if_revision}"'}
            )
        terms = {
            "reason": reason,
            "notBefore": None if not_before is None else moment(not_before),
            "breaksSignature": breaks_signature or None,
        }
        answer = self._connection.ask(
            "PUT",
            at("models", model, "tags", tag),
            document={"version": version, **_given(terms)},
            headers=headers,
        )
        return moved(self._connection, answer)

    def rollback(
        self,
        model: str,
        tag: str,
        *,
        to: int | None = None,
        reason: str = "",
        force: bool = False,
    ) -> Tag | Promotion:
        """Moves a tag to where it was at the revision `to`, else before its last move. With
        `force`, which wants a reason, its policies are not asked."""
        terms = {"reason": reason, "to": to, "force": force or None}
        place = at("models", model, "tags", tag, "rollback")
        return moved(self._connection, self._connection.post(place, _given(terms)))

    def promotion(self, promotion: str) -> Promotion:
        """By its id."""
        return read(Promotion, self._connection.get(at("promotions", promotion)))

    def promotions(
        self, *, model: str | None = None, tag: str | None = None, status: str | None = None
    ) -> Iterator[Promotion]:
        """The latest first; `status="waiting"`: what waits for somebody."""
        found = items(self._connection, at("promotions"), model=model, tag=tag, status=status)
        return (read(Promotion, item) for item in found)

    def history(self, model: str, tag: str) -> Iterator[TagMove]:
        """The latest move first."""
        place = at("models", model, "tags", tag, "history")
        return (read(TagMove, item) for item in items(self._connection, place))

    def tag(self, model: str, tag: str) -> Tag:
        return read(Tag, self._connection.get(at("models", model, "tags", tag)))

    def tags(self, model: str) -> Iterator[Tag]:
        return (read(Tag, item) for item in items(self._connection, at("models", model, "tags")))

    def model(self, model: str) -> Model:
        return read(Model, self._connection.get(at("models", model)))

    def models(
        self, *, search: str | None = None, labels: Mapping[str, str] | None = None
    ) -> Iterator[Model]:
        """By name. All of `labels` must hold."""
        found = items(self._connection, at("models"), q=search, label=_selectors(labels))
        return (read(Model, item) for item in found)

    def version(self, model: str, version: str) -> Version:
        return read(Version, self._connection.get(at("models", model, "versions", version)))

    def versions(
        self,
        model: str,
        *,
        status: str | None = None,
        labels: Mapping[str, str] | None = None,
    ) -> Iterator[Version]:
        """The highest first."""
        place = at("models", model, "versions")
        found = items(
            self._connection, place, order="desc", status=status, label=_selectors(labels)
        )
        return (read(Version, item) for item in found)

    def files(self, model: str, version: str) -> Iterator[File]:
        place = at("models", model, "versions", version, "files")
        return (read(File, item) for item in items(self._connection, place))

    def build(self, build: str) -> Build:
        """By its id, which `version.build` has."""
        return read(Build, self._connection.get(at("builds", build)))

    def build_log(self, build: str) -> Iterator[LogLine]:
        """What a build says, followed to its end."""
        return builds.follow(self._connection.apart(), build)


def _given(terms: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in terms.items() if value is not None}


def _selectors(labels: Mapping[str, str] | None) -> list[str] | None:
    return None if labels is None else [f"{key}={value}" for key, value in labels.items()]
