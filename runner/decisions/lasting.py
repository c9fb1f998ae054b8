"""Whether anything outside Git can change a plan that was made, while its code, inputs, engine, gates and state do not.

Law 10 holds here too: what is not known to be still counts as moving. A plan that nothing can change is as good as one
made now, however old it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from msgspec import Struct
from msgspec.structs import replace

from runner.decisions.closure import Closure
from runner.model.code import BUILT_IN_SOURCES, ModuleFacts
from runner.model.code_files import LOCK_FILE
from runner.model.entry import Resource
from runner.model.environment import Gates
from runner.model.plan import Planned
from runner.model.stack import EngineName

STILL_FUNCTIONS = frozenset(
    {
        "abs", "ceil", "floor", "log", "max", "min", "parseint", "pow", "signum", "chomp", "endswith", "format",
        "formatlist", "indent", "join", "lower", "regex", "regexall", "replace", "split", "startswith", "strcontains",
        "strrev", "substr", "title", "trim", "trimprefix", "trimspace", "trimsuffix", "upper", "alltrue", "anytrue",
        "chunklist", "coalesce", "coalescelist", "compact", "concat", "contains", "distinct", "element", "flatten",
        "index", "keys", "length", "list", "lookup", "map", "matchkeys", "merge", "one", "range", "reverse",
        "setintersection", "setproduct", "setsubtract", "setunion", "slice", "sort", "sum", "transpose", "values",
        "zipmap", "base64decode", "base64encode", "base64gunzip", "base64gzip", "csvdecode", "jsondecode",
        "jsonencode", "textdecodebase64", "textencodebase64", "urldecode", "urlencode", "yamldecode", "yamlencode",
        "basename", "dirname", "file", "filebase64", "filebase64sha256", "filebase64sha512", "fileexists", "filemd5",
        "fileset", "filesha1", "filesha256", "filesha512", "formatdate", "timeadd", "timecmp", "base64sha256",
        "base64sha512", "md5", "rsadecrypt", "sha1", "sha256", "sha512", "uuidv5", "cidrcontains", "cidrhost",
        "cidrnetmask", "cidrsubnet", "cidrsubnets", "can", "convert", "ephemeralasnull", "issensitive",
        "nonsensitive", "sensitive", "tobool", "tolist", "tomap", "tonumber", "toset", "tostring", "try", "type",
        "provider::terraform::decode_tfvars", "provider::terraform::encode_expr", "provider::terraform::encode_tfvars",
    }
)  # fmt: skip
"""Functions of Terraform and OpenTofu that give the same for the same arguments and the same commit. Not among them:
those of time and chance, of the home and the working directory, of providers, and templates, which may call any."""

_WORKING_DIRECTORY = re.compile(rb"\bcwd\b")
_HARMLESS_ARGUMENT = re.compile(
    r"--?(?:parallelism|lock|lock-timeout|compact-warnings|concise|no-color|refresh|target|replace|exclude)(?:=.*)?"
)


class Made(Struct, frozen=True, kw_only=True):
    """A plan and what it was made of. `modules` are the facts of the closure's local modules, `code` the bytes of their
    files, `live` what the state holds."""

    engine: EngineName
    gates: Gates
    closure: Closure
    modules: tuple[ModuleFacts, ...]
    code: Iterable[bytes]
    live: tuple[Resource, ...]
    planned: Planned


def what_can_change(made: Made) -> str:
    """In words, the first thing outside Git that can change the plan; empty where there is none."""
    return next(_moving(made), "")


def _moving(made: Made) -> Iterator[str]:
    if made.engine is EngineName.PULUMI:
        yield "a program may read anything"
        return
    hooks = made.gates.hooks
    if hooks.before_preview or hooks.after_preview:
        yield "a hook may do anything"
    yield from _arguments(made.gates)
    yield from _of_closure(made.closure)
    for facts in made.modules:
        yield from _of_code(facts)
    if any(_WORKING_DIRECTORY.search(content) for content in made.code):
        yield "the code asks for its working directory, which is another one each time"
    yield from _of_providers(made)
    yield from _of_plan(made.planned)


def _arguments(gates: Gates) -> Iterator[str]:
    """Arguments that the settings give to the engine; those that could name a file are not known to be still."""
    for verb in ("init", "plan"):
        for argument in gates.terraform.arguments.get(verb, ()):
            if not _HARMLESS_ARGUMENT.fullmatch(argument):
                yield f"`{verb}` is given `{argument}`"


def _of_closure(closure: Closure) -> Iterator[str]:
    if closure.remote:
        yield f"the module `{closure.remote[0]}` is fetched from elsewhere"
    if closure.widened:
        yield closure.widened[0]
    if closure.diagnostics:
        yield closure.diagnostics[0].message


def _of_code(facts: ModuleFacts) -> Iterator[str]:
    if facts.diagnostics:
        yield facts.diagnostics[0].message
    for each in facts.resources:
        if each.mode != "managed":
            yield f"`{each.mode}.{each.type}.{each.name}` is read"
    for name in sorted(facts.functions - STILL_FUNCTIONS):
        yield f"`{name}()` is called"


def _of_providers(made: Made) -> Iterator[str]:
    """What a provider made it looks at again; a provider without anything live computes what it is told to, as long
    as it is the same provider."""
    for live in made.live:
        if live.provider not in BUILT_IN_SOURCES:
            yield f"`{live.address}` is live, and is looked at"
    lock = f"{made.closure.directory}/{LOCK_FILE}".removeprefix("./")
    locked = any(item.name == lock for item in made.closure.items)
    if not locked and any(replace(facts, calls=(), backend=None).needs_init for facts in made.modules):
        yield f"its providers are the newest that fit: there is no `{LOCK_FILE}`"


def _of_plan(planned: Planned) -> Iterator[str]:
    if planned.errored or not planned.complete:
        yield "the plan is not complete"
    for change in planned.changes:
        if change.import_id:
            yield f"`{change.address}` is imported"
        if change.mode != "managed":
            yield f"`{change.address}` is read"
    for check in planned.checks:
        if "check." in check.get("address", ""):
            yield f"`{check['address']}` may look at anything"
