"""Where an environment's keys come from, and how they are made.

The current key: what the gates' `key:` names (a variable, a file, a data key wrapped by KMS), else
`GITOPS_RUNNER_KEY_<ENVIRONMENT>`, else `GITOPS_RUNNER_KEY`, else the file `runner/key` in the Git directory. After a
rotation the old keys lie wrapped under the new one in `refs/runner/state/<environment>` (`rotation` puts them there);
the new one is looked for in the same places, and in the Git directory's `runner/keys/<environment>/`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from runner.diagnostics import Diagnostic
from runner.errors import AskedWrongly
from runner.git import Edit, Refs
from runner.kit.crypto import Key, KeyRing, generate, key_of, parse, printable, ring_of
from runner.kit.private_files import create_file, sync_directory
from runner.model.environment import KeySource
from runner.vault import MadeKey, Rotated
from runner.vault.wrapped_keys import (
    SERVICE_PATH,
    retired,
    rotated,
    state_ref,
    unwrapped,
    wrapping_id,
)


class DataKeys(Protocol):
    """Keys that only the key service can unwrap, under the key that `key: {kms: ARN}` names. `context` is authenticated
    with them. Errors: NoAnswer, Denied, AskedWrongly."""

    def new(self, context: Mapping[str, str]) -> tuple[bytes, bytes]:
        """32 new random bytes, plain and wrapped."""

    def unwrap(self, wrapped: bytes, context: Mapping[str, str]) -> bytes:
        """The plain bytes."""


class KeyPlaces(Struct, frozen=True, kw_only=True):
    """See EnvironmentKeys. `root` is the checkout (relative `file:` paths), `refs` what the ledger's remote holds,
    as of its last refresh."""

    environment: str
    source: KeySource | None
    variables: Mapping[str, str]
    git_directory: Path
    root: Path
    refs: Refs
    data_keys: DataKeys | None = None

    __repr__ = object.__repr__  # what it holds is not to be read in a traceback

    @property
    def file(self) -> Path:
        """The file that serves every environment without a key of its own."""
        return self.git_directory / "runner" / "key"

    @property
    def ref(self) -> str:
        """See EnvironmentKeys."""
        return state_ref(self.environment)

    def ring(self, ledger: str) -> KeyRing | None:
        """The keys at hand, old ones unwrapped; None where there is no key at all. AskedWrongly `key-malformed`,
        `key-missing` (a place is named and empty), `key-rotated` (only a key at hand that was replaced);
        HistoryMoved `key-not-authentic`."""
        current = self._primary()
        wrapped = self._wrapped()
        wanted = wrapping_id(wrapped, self.environment)
        if wanted and (current is None or current.id != wanted):
            at_hand = current
            current = next((key for key in self._rotated_to() if key.id == wanted), None)
            if current is None and at_hand is not None:
                raise self._replaced(at_hand, wanted)
        if current is None:
            return None
        return unwrapped(wrapped, current, ledger, self.environment) if wrapped else ring_of(current)

    def needed(self, ledger: str) -> KeyRing:
        """As `ring`; AskedWrongly `key-missing` where there is none."""
        ring = self.ring(ledger)
        if ring is None:
            raise self._missing(f"there is no key for `{self.environment}`")
        return ring

    def make(self) -> MadeKey:
        """A first key, where `key:` or the defaults say; on the disk before it returns. The caller has made sure that
        the environment has no ledger yet, that it is no CI, and says "back this up"."""
        made = self.generated()
        self.keep(made)
        return made

    def generated(self) -> MadeKey:
        """As `make`, but nothing is written yet: `keep` does that."""
        match self.source:
            case KeySource(kind="kms", value=arn):
                return self._made_by_service(arn)
            case KeySource(kind="env", value=name):
                raise self._missing(f"the variable `{name}` is not set")
            case KeySource(kind="file", value=value):
                path = self._resolved(value)
            case _:
                path = self.file
        return MadeKey(key=generate(), path=path)

    def keep(self, made: MadeKey) -> None:
        """Writes a generated key to its file, if that is where it belongs. AskedWrongly `key-exists`."""
        if made.path is not None:
            write_key(made.path, made.key)

    def kept_for_rotation(self, key: Key) -> Path:
        """Writes a new key to where `ring` finds it once the old one is wrapped, before anybody depends on it."""
        path = self.git_directory / "runner" / "keys" / self.environment / key.id
        write_key(path, key)
        return path

    def new_data_key(self, arn: str) -> tuple[Key, bytes]:
        """A new key of the key service, and its wrapped form."""
        plain, wrapped = self._service(arn).new(self._context())
        return key_of(plain), wrapped

    def rotated(self, ring: KeyRing, new: Key, ledger: str, wrapped: bytes = b"") -> Rotated:
        """See EnvironmentKeys."""
        return rotated(ring, new, ledger, self.environment, self.refs.blobs(self.ref, "keys"), wrapped)

    def retired(self, ring: KeyRing, id: str, in_use: Collection[str]) -> tuple[Edit, ...]:
        """See EnvironmentKeys."""
        return retired(ring, id, self.environment, self.refs.blobs(self.ref, "keys"), in_use)

    def _primary(self) -> Key | None:
        match self.source:
            case KeySource(kind="env", value=name):
                if not self.variables.get(name):
                    raise self._missing(f"the variable `{name}` is not set")
                return parse(self.variables[name], f"`{name}`")
            case KeySource(kind="file", value=value):
                return read_key(self._resolved(value), ours=False)
            case KeySource(kind="kms", value=arn):
                return self._from_service(arn)
            case _:
                return self._by_default()

    def _by_default(self) -> Key | None:
        own = "GITOPS_RUNNER_KEY_" + self.environment.upper().replace("-", "_")
        for name in (own, "GITOPS_RUNNER_KEY"):
            if self.variables.get(name):
                return parse(self.variables[name], f"`{name}`")
        return read_key(self.file)

    def _rotated_to(self) -> Iterator[Key]:
        directory = self.git_directory / "runner" / "keys" / self.environment
        for path in sorted(directory.iterdir()) if directory.is_dir() else ():
            key = read_key(path)
            if key is not None:
                yield key

    def _wrapped(self) -> dict[str, bytes]:
        found = self.refs.blobs(self.ref, "keys")
        return {path: content for path, (_, content) in found.items()}

    def _from_service(self, arn: str) -> Key | None:
        wrapped = self._wrapped().get(SERVICE_PATH)
        return key_of(self._service(arn).unwrap(wrapped, self._context())) if wrapped else None

    def _made_by_service(self, arn: str) -> MadeKey:
        key, wrapped = self.new_data_key(arn)
        edit = Edit(
            ref=self.ref, changes={SERVICE_PATH: wrapped}, expects={SERVICE_PATH: None}, message="runner: key"
        )
        return MadeKey(key=key, edits=(edit,))

    def _service(self, arn: str) -> DataKeys:
        if self.data_keys is None:
            message = f"the key of `{self.environment}` is at `{arn}`, and nothing here speaks to KMS"
            raise AskedWrongly(
                Diagnostic(code="key-missing", message=message, hint="install the extra `aws`")
            )
        return self.data_keys

    def _context(self) -> dict[str, str]:
        return {"gitops-runner:environment": self.environment}

    def _resolved(self, value: str) -> Path:
        return self.root / Path(value).expanduser()

    def _missing(self, message: str) -> AskedWrongly:
        name = "GITOPS_RUNNER_KEY_" + self.environment.upper().replace("-", "_")
        hint = (
            f"set `{name}` to what `runner key export {self.environment}` prints where the key is kept, or put it into "
            f"`{self.file}`"
        )
        return AskedWrongly(Diagnostic(code="key-missing", message=message, hint=hint))

    def _replaced(self, at_hand: Key, wanted: str) -> AskedWrongly:
        message = f"the key of `{self.environment}` was replaced: key {at_hand.id} is at hand, key {wanted} is current"
        hint = f"give this machine the new key; `runner key export {self.environment}` prints it where it is kept"
        return AskedWrongly(Diagnostic(code="key-rotated", message=message, hint=hint))


def read_key(path: Path, *, ours: bool = True) -> Key | None:
    """The key in a file; None where there is none. AskedWrongly `key-exposed` when others may read a file of `ours`
    (one that a user names may be a mounted secret, whose mode is not the user's to choose)."""
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        message = f"the key in `{path}` cannot be read: {type(error).__name__}"
        raise AskedWrongly(Diagnostic(code="key-malformed", message=message)) from None
    if ours and mode & 0o077:
        message = f"others can read the key in `{path}` (mode {mode & 0o777:o})"
        hint = f"`chmod 600 {path}`, and `runner key rotate` if somebody may have"
        raise AskedWrongly(Diagnostic(code="key-exposed", message=message, hint=hint))
    return parse(text, f"`{path}`")


def write_key(path: Path, key: Key) -> None:
    """A new file with `key`, mode 600, on the disk before it returns. AskedWrongly `key-exists` rather than replace
    one: what a lost key sealed is lost."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        create_file(path, f"{printable(key)}\n".encode("ascii"), synced=True)
    except FileExistsError:
        message = f"`{path}` holds a key already"
        hint = "`runner key rotate` replaces a key and keeps what it sealed readable"
        raise AskedWrongly(Diagnostic(code="key-exists", message=message, hint=hint)) from None
    sync_directory(path.parent)
