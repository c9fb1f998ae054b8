"""Where code says that its state is kept: a backend or cloud block, or the `backend` of a Pulumi project."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote, unquote

from msgspec import Struct

from runner.diagnostics import Span
from runner.model.code_files import PROJECT_FILES
from runner.model.references import Json
from runner.model.stack import EngineName
from runner.model.target import Target
from runner.operations.survey import Survey

FILES = "file://"


class OwnBackend(Struct, frozen=True, kw_only=True):
    """`words` say what it is (`` `s3` block ``); `url` is a Pulumi project's."""

    words: str
    span: Span
    url: str = ""


def own_backend(whole: Survey, target: Target) -> OwnBackend | None:
    """What the code of `target` says; None where it says nothing."""
    if target.stack.engine.name is EngineName.PULUMI:
        return _of_project(whole, target)
    module = whole.code.module(target.stack.directory)
    block = module.backend if module else None
    return OwnBackend(words=f"`{block.type}` block", span=block.span) if block else None


def may_be_elsewhere(whole: Survey, target: Target) -> bool:
    """Whether `as-written` means anything: a Pulumi program needs no word of its own for the backend that its user is
    logged in to."""
    return target.stack.engine.name is EngineName.PULUMI or own_backend(whole, target) is not None


def project_of(whole: Survey, target: Target) -> dict[str, Json]:
    """What the project file of a Pulumi target says; nothing where there is none. AskedWrongly where it is no YAML."""
    path = project_path(whole, target)
    if not path:
        return {}
    told = whole.document(path, whole.tree.read(path), whole.gates.limits.yaml_nodes)
    return told if isinstance(told, dict) else {}


def project_path(whole: Survey, target: Target) -> str:
    """The project file's path from the repository's root; empty where there is none."""
    places = (f"{target.stack.directory}/{name}".removeprefix("./") for name in PROJECT_FILES)
    return next((path for path in places if whole.tree.node(path) is not None), "")


def state_beside(root: Path, whole: Survey, target: Target) -> Path | None:
    """The state that lies beside the code of `target` in the checkout at `root`, where one with something in it does:
    what is left of work without us. Pulumi keeps it in a directory beside the project, or above all of them."""
    beside = root / target.stack.directory
    if target.stack.engine.name is not EngineName.PULUMI:
        places = [beside / "terraform.tfstate"]
    else:
        kept = f".pulumi/stacks/{project_of(whole, target).get('name')}/{target.name.environment}.json"
        places = [beside / kept, root / kept]
    return next((file for file in places if file.is_file() and file.stat().st_size), None)


def resolved_url(url: str, beside: Path) -> str:
    """A backend's URL; a relative directory of files is the user's, so it is resolved `beside` the code."""
    if not url.startswith(FILES):
        return url
    written, asked, more = url.removeprefix(FILES).partition("?")
    path = (beside / Path(unquote(written)).expanduser()).resolve()
    return f"{FILES}{quote(str(path))}{asked}{more}"


def _of_project(whole: Survey, target: Target) -> OwnBackend | None:
    backend = project_of(whole, target).get("backend")
    url = backend.get("url") if isinstance(backend, dict) else None
    if not isinstance(url, str) or not url:
        return None
    span = Span(file=project_path(whole, target), line=1, column=1)
    return OwnBackend(words=f"`backend: {url}` in its project", span=span, url=url)
