"""Where a push begins: with a new draft, or what an earlier run of the same push has left."""

from __future__ import annotations

from slipway_client.archive import fits_archive, send_archive
from slipway_client.connection import Connection, at
from slipway_client.documents import Version
from slipway_client.errors import Conflict, NotFound
from slipway_client.numbers import is_release, is_step, next_number
from slipway_client.paging import items
from slipway_client.release import OPEN, Release, made
from slipway_client.wire import read

# A number that is taken meanwhile is passed over, and so is that of a deleted version.
MOST_NUMBERS = 100
# Of the newest drafts: one of them may be what is left of this very push.
MOST_DRAFTS = 5


def begin(connection: Connection, release: Release) -> Version:
    """An open draft; or a sealed version: a small package in one request, or one that was pushed
    before. Makes the model where there is none."""
    begin_one = _begin_next if is_step(release.version) else _begin_named
    try:
        return begin_one(connection, release)
    except NotFound as error:
        if error.code != "model_not_found":
            raise
    try:
        connection.post(at("models"), {"name": release.model})
    except Conflict as error:
        if error.code != "model_exists":  # another push was quicker
            raise
    return begin_one(connection, release)


def _begin_named(connection: Connection, release: Release) -> Version:
    number = release.version
    make = send_archive if fits_archive(release) else _make_draft
    try:
        return make(connection, release, number)
    except Conflict as error:
        if error.code != "version_exists":
            raise
        taken = error
    try:
        there = read(Version, connection.get(release.place(number)))
    except NotFound:  # a deleted version: its number is not used again
        raise taken from None
    if there.status not in OPEN:
        return require_same(connection, release, there)
    _require_own(connection, there)
    if there.metadata != dict(release.metadata):
        raise Conflict(
            f"the draft {there.model}:{number} was begun with other metadata, which stays: "
            "push another version, or the same metadata",
            code="draft_differs",
        )
    told = {"description": release.description, "labels": dict(release.labels)}
    changes = {key: value for key, value in told.items() if value}
    if changes:
        connection.ask("PATCH", release.place(number), document=changes)
    return there


def _require_own(connection: Connection, draft: Version) -> None:
    me = connection.get(at("me"))["name"]
    if draft.created_by != me:
        raise Conflict(
            f"{draft.model}:{draft.version} is a draft of {draft.created_by}: push another version",
            code="draft_of_another",
        )


def require_same(connection: Connection, release: Release, sealed: Version) -> Version:
    """A push that is done already, and was run again. Throws `Conflict` for any other."""
    files = {file.path: file.digest for file in release.files}
    there = {item["path"]: item["digest"] for item in items(connection, f"{_place(sealed)}/files")}
    told = {**sealed.metadata, **release.metadata}  # slipway.yaml may have added some
    if files != there or told != sealed.metadata:
        raise Conflict(
            f"{sealed.model}:{sealed.version} is sealed, with other files or metadata: "
            "push another version",
            code="version_exists",
        )
    return sealed


def _place(version: Version) -> str:
    return at("models", version.model, "versions", version.version)


def _begin_next(connection: Connection, release: Release) -> Version:
    make = _make_draft
    if fits_archive(release):
        make = send_archive
    elif (left := _left_by_this_push(connection, release)) is not None:
        return left
    number = next_number(release.version, _highest_release(connection, release.model))
    for _ in range(MOST_NUMBERS):
        try:
            return make(connection, release, number)
        except Conflict as error:
            if error.code != "version_exists":
                raise
        number = next_number(release.version, number)
    raise Conflict(
        f"the next {MOST_NUMBERS} numbers of {release.model} are taken: name the version",
        code="version_exists",
    )


def _left_by_this_push(connection: Connection, release: Release) -> Version | None:
    """A draft is told by its key: whoever made it by the same request gets it again, and everybody
    else hears that its number is taken."""
    for status in OPEN:
        query = {"status": status, "order": "desc", "limit": MOST_DRAFTS}
        page = connection.get(at("models", release.model, "versions"), query)
        for item in page["items"]:
            try:
                return _make_draft(connection, release, item["version"])
            except Conflict:
                continue
    return None


def _make_draft(connection: Connection, release: Release, number: str) -> Version:
    place = at("models", release.model, "versions")
    answer = connection.post(place, release.document(number), key=release.key(number))
    return made(connection, release, number, answer)


def _highest_release(connection: Connection, model: str) -> str | None:
    versions = items(connection, at("models", model, "versions"), order="desc")
    return next((item["version"] for item in versions if is_release(item["version"])), None)
