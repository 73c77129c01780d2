"""The folder of a mailing's results: whose files a former scrub left there, and which of them go when new ones come.

A folder is what its manifest says. So nothing of another mailing is mixed with this one's, what a former version wrote
and this one does not is taken away, and whatever no manifest names stays as it is.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from prefcenter.core.errors import BadInput
from prefcenter.files.manifest import Forged, check_manifest, read_manifest, sha256_of
from prefcenter.files.writing import MANIFEST_NAME

_REMEDY = "Name another folder with --out, or say --replace where all that may go."


@dataclass(frozen=True, slots=True)
class Target:
    """Where a mailing's results go.

    Args:
        folder: the folder; it need not exist.
        mailing: the mailing's name.
        names: the files that will be written there, without the manifest.
        replaces: whether those of another mailing, and files that nobody can tell the origin of, may be replaced.
        public_keys: the keys that sign manifests, by their id.
        sources: the files that are read; none of them is ever taken away.
    """

    folder: Path
    mailing: str
    names: Collection[str]
    replaces: bool
    public_keys: Mapping[str, Ed25519PublicKey]
    sources: Sequence[Path] = ()


def outdated(target: Target) -> list[str]:
    """The files of a former run that are taken away when the new ones come into place: those that its manifest names.

    Raises:
        BadInput: the folder holds the results of another mailing, a file that no manifest names would be replaced, or
            one that would be taken away was changed since; and nobody said that this may be.
    """
    manifest = _manifest(target)
    named = {str(output["name"]): str(output["sha256"]) for output in manifest["outputs"]} if manifest else {}
    if not target.replaces:
        _refuse_unnamed(target, named)
    # A name that is a path would lead out of the folder.
    gone = [name for name in named if name not in target.names and Path(name).name == name != MANIFEST_NAME]
    there = [name for name in gone if (target.folder / name).is_file()]
    _refuse_sources(target, there)
    if not target.replaces:
        _refuse_changed(target.folder, {name: named[name] for name in there})
    return there


def _manifest(target: Target) -> Mapping[str, Any] | None:
    """The manifest in the folder, if one of ours lies there that may be replaced."""
    path = target.folder / MANIFEST_NAME
    if not path.exists():
        return None
    try:
        found = read_manifest(path)
        check_manifest(found, target.public_keys)
        name = str(found["mailing"])
    except (Forged, BadInput, KeyError):
        if target.replaces:
            return None
        raise BadInput(
            f"{path} is none that was signed here, so nobody can tell what the folder holds.", remedy=_REMEDY
        ) from None
    if name != target.mailing and not target.replaces:
        raise BadInput(
            f"{target.folder} holds the results of another mailing, “{name}”, version {found.get('version')}.",
            remedy=_REMEDY,
        )
    return found


def _refuse_unnamed(target: Target, named: Collection[str]) -> None:
    there = [name for name in sorted(target.names) if (target.folder / name).exists()]
    unnamed = [name for name in there if name not in named or not (target.folder / name).is_file()]
    if unnamed:
        raise BadInput(
            f"{' and '.join(unnamed)} in {target.folder} would be replaced, and no manifest there says what it is.",
            remedy=_REMEDY,
        )


def _refuse_sources(target: Target, names: Collection[str]) -> None:
    for name in names:
        if any((target.folder / name).samefile(source) for source in target.sources):
            raise BadInput(
                f"{name} in {target.folder} would be taken away: it is of the former scrub, and this one reads it and"
                " writes no such file.",
                remedy="Name another folder with --out.",
            )


def _refuse_changed(folder: Path, named: Mapping[str, str]) -> None:
    for name, digest in named.items():
        if sha256_of(folder / name) != digest:
            raise BadInput(
                f"{name} in {folder} was changed since it was written, and this scrub, which writes no such file, would"
                " take it away.",
                remedy="Move it elsewhere, or say --replace.",
            )
