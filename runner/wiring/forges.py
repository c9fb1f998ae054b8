"""Which forge the repository is on, and as whom we ask it. Brands are loaded by string, others are entry points."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path

from msgspec import Struct

from runner.config.configuration import ForgeSettings
from runner.errors import AskedWrongly
from runner.forge import Forge, Project
from runner.forge.access import Access, AppAccess, Opener
from runner.forge.calling import Patience
from runner.forge.credentials import AppClaim
from runner.forge.finding import project_of, remote_of
from runner.forge.forge_brands import BRANDS, GROUP, Brand
from runner.forge.nowhere import Nowhere
from runner.kit.clock import Clock
from runner.kit.process import Command, find_program, run
from runner.kit.redaction import Redactor
from runner.kit.stop import Stop
from runner.model.forge_rights import TokenSource

_LOGIN_SECONDS = 10.0


class ForgeNeeds(Struct, frozen=True, kw_only=True):
    """What a forge may need. `remote` is the address of the ledger's remote, empty where there is none; `root` the
    checkout, from which a key's file is looked for; `variables` are the process's."""

    remote: str
    root: Path
    variables: Mapping[str, str]
    redactor: Redactor
    clock: Clock
    stop: Stop


def forge_of(settings: ForgeSettings, needs: ForgeNeeds) -> Forge:
    """The forge that the remote is on, or `Nowhere` with the reason. AskedWrongly `forge-unknown-type`,
    `forge-app-incomplete`, `forge-app-key`. Nothing is asked of it yet."""
    found = _project(settings, needs)
    if isinstance(found, str):
        return Nowhere(found)
    brand = BRANDS.get(found.brand)
    patience = Patience(clock=needs.clock, wait=needs.stop.wait)
    app = _app(settings, needs)
    token, job, source = _token(brand, found.host, needs) if brand and not app else ("", False, "")
    access = Access(
        redactor=needs.redactor,
        patience=patience,
        token=token,
        job=job,
        app=app,
        source=TokenSource(found="`forge.app` of runner.yaml" if app else source, looked=_places(brand)),
    )
    return _opener(found.brand)(found, access)


def _project(settings: ForgeSettings, needs: ForgeNeeds) -> Project | str:
    if settings.type in ("", "none", *BRANDS):
        return project_of(needs.remote, settings.type, settings.url, needs.variables)
    remote = remote_of(needs.remote)
    if remote is None:
        return "the remote is no address on a forge"
    web = settings.url or f"https://{remote.host}"
    return Project(brand=settings.type, host=remote.host, path=remote.path, web=web, api=web)


def _opener(brand: str) -> Opener:
    if brand in BRANDS:
        module, _, attribute = BRANDS[brand].opener.partition(":")
        opener: Opener = getattr(import_module(module), attribute)
        return opener
    for entry in entry_points(group=GROUP, name=brand):
        plugged: Opener = entry.load()
        return plugged
    raise AskedWrongly.of(
        "forge-unknown-type",
        f"`forge.type` is `{brand}`, and no such forge is built in or installed",
        hint=f"built in are {', '.join(sorted(BRANDS))}",
    )


def _places(brand: Brand | None) -> tuple[str, ...]:
    """Where a token is looked for."""
    if brand is None:
        return ()
    names = [*brand.tokens, *brand.job_tokens, *([" ".join(brand.login[:2])] if brand.login else [])]
    return tuple(f"`{name}`" for name in names)


def _token(brand: Brand, host: str, needs: ForgeNeeds) -> tuple[str, bool, str]:
    """A token, whether it is a CI job's own, and where it was."""
    for names, job in ((brand.tokens, False), (brand.job_tokens, True)):
        for name in names:
            if token := needs.variables.get(name, "").strip():
                return token, job, f"`{name}`"
    token = _logged_in(brand, host, needs)
    return token, False, f"`{' '.join(brand.login)}`".replace("{host}", host) if token else ""


def _logged_in(brand: Brand, host: str, needs: ForgeNeeds) -> str:
    """What the forge's own command line is logged in with; empty where it is not there, or is not."""
    program = find_program(brand.login[0], needs.variables.get("PATH", "")) if brand.login else None
    if program is None:
        return ""
    words = [program, *(word.replace("{host}", host) for word in brand.login[1:])]
    asked = run(
        Command(argv=words, cwd=Path("/"), environment=needs.variables, timeout=_LOGIN_SECONDS),
        stop=needs.stop,
    )
    said = asked.stdout.decode("utf-8", "replace").strip()
    return said if asked.code == 0 and len(said.split()) == 1 else ""


def _app(settings: ForgeSettings, needs: ForgeNeeds) -> AppAccess | None:
    app = settings.app
    if not app:
        return None
    identifier, key, installation = app.get("id", ""), str(app.get("key", "")), app.get("installation", 0)
    content = (
        needs.variables.get(key, "").encode() or _read(needs.root / Path(key).expanduser()) if key else b""
    )
    if not identifier or not content:
        missing = "`id`" if not identifier else "a `key` that can be read"
        raise AskedWrongly.of(
            "forge-app-incomplete",
            f"`forge.app` has no {missing}",
            hint="`key` is the name of a variable with the private key, or its file",
        )
    needs.redactor.add(content, "forge.app.key")
    return AppAccess(claim=AppClaim(str(identifier), content), installation=int(installation))


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        return b""
