"""What of one file's settings is code (law 5), syntax and nesting aside: `model.gate_facts` has both flat."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TypeAlias
from urllib.parse import urlsplit

from runner.decisions.staticgate_findings import Finding, FindingKind, digest_of
from runner.model.code import literal
from runner.model.gate_facts import COMPUTED_NAME, OPENING, Setting

RUNNING_TYPES = frozenset(
    {
        "external",
        "local_command",
        "shell_script",
        "shell_sensitive_script",
        "ansible_playbook",
        "ansible_vault",
    }
)
"""Types of data, resources and actions that start a program on the machine that plans or applies."""

_ASKING = {"http": ("url",), "tls_certificate": ("url",)}
"""Data that asks a host of the code's choice when it is read, and the setting that says which."""

RUNNING_SETTINGS = frozenset({"exec", "credential_process", "postrender", "post_renderer"})
"""Names, anywhere in a provider's or a backend's settings, below which a program is named."""

CREDENTIAL_FILES = frozenset(
    {
        "shared_config_files", "shared_credentials_files", "shared_credentials_file", "config_path", "config_paths",
        "config_file", "config_file_profile", "kubeconfig", "kubeconfig_path", "cli_config_file",
    }
)  # fmt: skip
"""Settings that name a file which may name a program: AWS `credential_process`, a kubeconfig's `exec`."""

_HOST = re.compile(
    r"(?:.*_)?(?:endpoints?|url|uri|host|hostname|address|server|proxy|proxy_url)|endpoint_.*|conn_str"
)
"""Settings that say where the provider speaks to, and so who is handed the credentials."""

_HOLDERS = frozenset({"kubernetes", "exec", "registry", "registries", "endpoints"})
"""Objects that hold one of the settings above, where the whole of them may be an expression."""

_NAMES = frozenset({"tags", "labels", "default_tags", "default_labels", "annotations"})
"""Maps below which names are the user's own, and mean nothing."""

_BLOCKS = frozenset({"data", "ephemeral", "resource", "action", "list"})
_TERRAFORM = frozenset({"terraform", "tofu"})
_HOME_HOSTS = frozenset({"app.terraform.io"})


Inside: TypeAlias = Callable[[], Sequence[Setting]]
"""A block, as all of its settings."""


def findings_in(settings: Sequence[Setting]) -> Iterator[Finding]:
    """What is code among `settings`, which are one file's."""
    for number, setting in enumerate(settings):
        path, inside = _unchecked(setting.path), partial(_inside, settings, number)
        if len(path) < 2:
            continue
        if path[0] == "resource" and len(path) > 4 and path[3] == "provisioner":
            yield from _provisioner(setting, path[4], f"{path[1]}.{path[2]}", len(path) == 5, inside)
        elif path[0] == "removed" and len(path) > 2 and path[1] == "provisioner":
            yield from _provisioner(setting, path[2], "removed", len(path) == 3, inside)
        if path[0] in _BLOCKS and len(path) > 2:
            yield from _block(setting, path, inside)
        elif path[0] == "provider" and len(path) > 2:
            yield from _configured(setting, path[2:], path[1], f"provider.{path[1]}")
        elif path[0] in _TERRAFORM and path[1] in {"backend", "cloud", "encryption"}:
            yield from _kept_elsewhere(setting, path, inside)


def _unchecked(path: tuple[str, ...]) -> tuple[str, ...]:
    """A `check` may hold a data source of its own."""
    return path[2:] if path[0] == "check" and len(path) > 3 and path[2] in {"data", "ephemeral"} else path


def _inside(settings: Sequence[Setting], number: int) -> list[Setting]:
    """A block's opening, which is the setting of that number, and what follows within it, up to the next such one."""
    path, end = settings[number].path, number + 1
    while (
        end < len(settings)
        and len(settings[end].path) > len(path)
        and settings[end].path[: len(path)] == path
    ):
        end += 1
    return list(settings[number:end])


def _provisioner(setting: Setting, kind: str, owner: str, opens: bool, inside: Inside) -> Iterator[Finding]:
    if opens and setting.value == OPENING:
        yield Finding(
            kind=FindingKind.PROVISIONER,
            subject=kind,
            address=owner,
            message=f"`{owner}` has a `{kind}` provisioner",
            because="a provisioner runs a program when the resource is made or destroyed, and no plan shows it",
            span=setting.span,
            digest=digest_of(inside()),
        )


def _block(setting: Setting, path: tuple[str, ...], inside: Inside) -> Iterator[Finding]:
    """A data source, a resource, an action."""
    mode, kind, name, *rest = path
    address = f"{kind}.{name}" if mode == "resource" else f"{mode}.{kind}.{name}"
    if not rest and setting.value == OPENING:
        if kind in RUNNING_TYPES:
            yield Finding(
                kind=FindingKind.EXTERNAL,
                subject=kind,
                address=address,
                message=f"`{address}` starts a program",
                because="what it runs has all that the engine has",
                span=setting.span,
                digest=digest_of(inside()),
            )
        if mode != "resource" and (kind in _ASKING or kind.startswith("dns_")):
            yield _http(setting, address, _ASKING.get(kind, ("host",)), inside())
    elif kind == "helm_release" and rest and rest[0] in RUNNING_SETTINGS:
        yield _exec(setting, "helm", address)
    elif kind == "terraform_remote_state" and rest[:1] == ["config"]:
        yield from _configured(setting, tuple(rest[1:]), kind, address)


def _http(setting: Setting, address: str, asked: tuple[str, ...], own: Sequence[Setting]) -> Finding:
    urls = [literal(each.value) for each in own if each.path[len(setting.path) :] == asked]
    host = _host_in(urls[0]) if len(urls) == 1 and urls[0] else None
    return Finding(
        kind=FindingKind.HTTP,
        subject=host or "computed",
        address=address,
        message=f"`{address}` asks `{host}`" if host else f"`{address}` asks a host that is computed",
        because="what a plan asks of another host can carry out what it reads, and bring in what nobody reviewed",
        span=setting.span,
        digest=digest_of(own),
    )


def _host_in(url: str) -> str | None:
    try:
        return urlsplit(url if "//" in url else f"//{url}").hostname
    except ValueError:
        return None


def _configured(setting: Setting, steps: tuple[str, ...], subject: str, address: str) -> Iterator[Finding]:
    """A setting of a provider or of a backend; `steps` lead to it."""
    if not steps or not _NAMES.isdisjoint(steps[:-1]):
        return
    last = steps[-1]
    if last in RUNNING_SETTINGS:
        yield _exec(setting, subject, address)
    elif COMPUTED_NAME in steps[-1:]:
        yield _computed(setting, subject, address, "a setting whose name is computed")
    elif last in _HOLDERS and setting.value != OPENING and literal(setting.value) is None:
        yield _computed(setting, subject, address, f"`{last}` as an expression")
    elif last in CREDENTIAL_FILES:
        yield Finding(
            kind=FindingKind.CREDENTIALS,
            subject=subject,
            address=f"{address}.{'.'.join(steps)}",
            message=f"`{address}` takes its credentials from the file in `{last}`",
            because="such a file may name a program that is run for them",
            span=setting.span,
            digest=setting.digest,
        )
    elif _HOST.fullmatch(last) and not _at_home(setting):
        yield Finding(
            kind=FindingKind.HOST,
            subject=subject,
            address=f"{address}.{'.'.join(steps)}",
            message=f"`{address}` says where to speak to: `{last}`",
            because="who answers there is handed its credentials",
            span=setting.span,
            digest=setting.digest,
        )


def _at_home(setting: Setting) -> bool:
    return literal(setting.value) in _HOME_HOSTS and setting.value != OPENING


def _exec(setting: Setting, subject: str, address: str) -> Finding:
    return Finding(
        kind=FindingKind.EXEC,
        subject=subject,
        address=f"{address}.{setting.path[-1]}",
        message=f"`{address}` runs the program in its `{setting.path[-1]}`",
        because="the program is run with all that the engine has, when it plans too",
        span=setting.span,
        digest=setting.digest,
    )


def _computed(setting: Setting, subject: str, address: str, what: str) -> Finding:
    return Finding(
        kind=FindingKind.EXEC,
        subject=subject,
        address=f"{address}.{setting.path[-1]}",
        message=f"`{address}` has {what}, so it may name a program",
        because="what is computed is not known to be harmless",
        span=setting.span,
        digest=setting.digest,
    )


def _kept_elsewhere(setting: Setting, path: tuple[str, ...], inside: Inside) -> Iterator[Finding]:
    """Where the state is kept, and what seals it."""
    if path[1] == "encryption":
        if len(path) == 5 and path[3] == "external" and setting.value == OPENING:
            yield Finding(
                kind=FindingKind.EXEC,
                subject="encryption",
                address=f"encryption.{path[2]}.{path[4]}",
                message=f"the encryption of the state runs a program (`{path[2]}.external.{path[4]}`)",
                because="the program is run with all that the engine has, when it plans too",
                span=setting.span,
                digest=digest_of(inside()),
            )
        else:
            yield from _configured(setting, path[2:], "encryption", "encryption")
        return
    steps = path[3:] if path[1] == "backend" else path[2:]
    yield from _configured(setting, steps, path[1], f"{path[0]}.{path[1]}")
