"""The closure of a target; of Terraform and OpenTofu: own files, modules, what expressions read, values, settings."""

from __future__ import annotations

import posixpath
from collections import deque

from msgspec import Struct

from runner.decisions.closure import Closure, Code
from runner.decisions.gathering import MOST_ITEMS, Gathering
from runner.decisions.lookup import FILES, joined, located
from runner.decisions.own_files import PLUGIN_DIRECTORY, environment_values, own_files
from runner.decisions.pulumi_closure import pulumi_closure
from runner.decisions.reaching import templated
from runner.decisions.said_in_settings import gather_said
from runner.diagnostics import Severity, Span
from runner.model.code import FileReference, ModuleCall, ModuleFacts, Symbol, SymbolKind, Text, literal
from runner.model.code_files import VALUES, VERSION_FILES
from runner.model.environment import Gates
from runner.model.stack import EngineName
from runner.model.target import Target

_PLACES = {SymbolKind.MODULE, SymbolKind.ROOT, SymbolKind.WORKING}


class _Asked(Struct, frozen=True):
    """An expression as a path: `place` a directory, `fixed` what is known below it; `known` when that is all of it.
    An empty place: nothing is known."""

    place: str
    fixed: str
    known: bool


def closure_of(target: Target, gates: Gates, code: Code, *, most_items: int = MOST_ITEMS) -> Closure:
    """The closure of `target` in the tree that `code` reads, under the environment's `gates`; one that has more than
    `most_items` has an error (law 14)."""
    if target.stack.engine.name is EngineName.PULUMI:
        return pulumi_closure(target, gates, code, most_items)
    survey = _Survey(target, gates, Gathering(code, most_items))
    survey.own()
    survey.modules()
    survey.values()
    survey.widen()
    survey.rest()
    return survey.closure()


class _Survey:
    def __init__(self, target: Target, gates: Gates, found: Gathering) -> None:
        self.target, self.gates, self.code, self.found = target, gates, found.code, found
        self.directory = located(found.code, target.stack.directory).path
        self.environment = target.name.environment
        self.opentofu = target.stack.engine.name is EngineName.OPENTOFU
        self.loaded: dict[str, ModuleFacts] = {}
        self.remote: set[str] = set()
        self.var_files: list[str] = []
        self.unknown: list[str] = []

    def own(self) -> None:
        """The files of the stack's directory."""
        nodes = self.code.children(self.directory)
        names = [posixpath.basename(node.path) for node in nodes if node.kind in FILES or node.kind == "link"]
        for name, because in own_files(names, self.environment, opentofu=self.opentofu).items():
            self._file(self.directory, name, because, None)
        self.found.watch(self.directory, "*", "it would lie in the stack's directory")
        plugins = f"{self.directory}/{PLUGIN_DIRECTORY}"
        if self.code.node(plugins) is not None:
            self.found.everything(plugins, "the engine looks for programs and settings there")
        for place in dict.fromkeys((self.directory, ".")):
            self._versions(place)

    def modules(self) -> None:
        """The stack's code, and the local modules that it calls, and what they read."""
        queue = deque([(self.directory, "")])
        while queue:
            directory, because = queue.popleft()
            if directory in self.loaded:
                continue
            facts = self.code.module(directory, opentofu=self.opentofu)
            if facts is None:
                if directory == self.directory:
                    self.found.tell("stack-without-code", f"`{directory}` holds no Terraform code", None)
                continue
            self.loaded[directory] = facts
            self._read(facts, because)
            for call in facts.calls:
                queue.extend(self._called(call, directory))

    def values(self) -> None:
        """Var files: those of the settings, then the environment's beside the code (later ones win)."""
        for written in self.gates.terraform.var_files:
            name = templated(written, self.target)
            for place in (self.directory, "."):
                whole = joined(place, name)
                if whole is not None and located(self.code, whole).kind in FILES:
                    self._var_file(place, name, "the settings' `var_files` name it")
                    break
            else:
                self.found.tell(
                    "var-file-missing",
                    f"`{name}`, which `var_files` names, is neither in `{self.directory}` nor at the root",
                    None,
                    hint=f"write `{self.directory}/{name}`, or take it out of `settings.terraform.var_files`",
                )
        names = [posixpath.basename(node.path) for node in self.code.children(self.directory)]
        for name in environment_values(names, self.environment):
            self._var_file(self.directory, name, f"it holds the values of `{self.environment}`")
        for config in self.gates.terraform.backend_config:
            if isinstance(config, str):
                self._backend_file(templated(config, self.target))

    def widen(self) -> None:
        """Where a path is computed from nothing that is known, it may be anywhere that the modules can name: their
        own directories, and what values and inputs spell out."""
        if not self.unknown:
            return
        because = self.unknown[0]
        for directory in self.loaded:
            self.found.everything(directory, because)
            self.found.widened.setdefault(f"`{directory}` is read whole: {because}")
        for path in [item.name for item in self.found.items.values() if item.name.endswith(VALUES)]:
            facts = self.code.facts(path)
            for reference in facts.references if facts else ():
                self._reference(reference, self.directory, because)
        for item in (*self.target.inputs.values(), *self.target.environment_inputs.values()):
            if isinstance(item.value, str) and "/" in item.value and "://" not in item.value:
                self._literal(item.value, f"the input `{item.name}` names it")

    def rest(self) -> None:
        """What the configuration says."""
        root = self.loaded.get(self.directory)
        declared = frozenset(root.variables) if root is not None else None
        gather_said(self.target, self.gates, self.found, self.directory, declared)

    def closure(self) -> Closure:
        """What was found."""
        found = self.found
        told = [each for facts in self.loaded.values() for each in facts.diagnostics]
        return Closure(
            target=self.target.name,
            directory=self.directory,
            items=tuple(found.items[name] for name in sorted(found.items)),
            watches=tuple(found.watches[key] for key in sorted(found.watches)),
            var_files=tuple(dict.fromkeys(self.var_files)),
            modules=tuple(self.loaded),
            remote=tuple(sorted(self.remote)),
            widened=tuple(found.widened),
            diagnostics=(*found.diagnostics.values(), *dict.fromkeys(told)),
        )

    # ------------------------------------------------------------------------------------------- one thing each

    def _read(self, facts: ModuleFacts, because: str) -> None:
        directory = facts.directory
        if directory != self.directory:
            self.found.watch(directory, "*.{tf,tofu,tf.json,tofu.json}", because)
            for path in facts.files:
                self._file(directory, posixpath.basename(path), because, None)
        for problem in facts.diagnostics:
            if problem.code in {"hcl-syntax", "hcl-too-deep", "hcl-too-large"}:
                self._unreadable(directory, f"{problem.span} could not be read")
        for reference in facts.references:
            self._reference(reference, directory, "", templates="templatestring" in facts.functions)

    def _unreadable(self, directory: str, because: str) -> None:
        self.found.everything(directory, because)
        self.found.widened.setdefault(f"`{directory}` is read whole: {because}")
        self.unknown.append(because)

    def _called(self, call: ModuleCall, directory: str) -> list[tuple[str, str]]:
        """The directories of a module call, each with its because."""
        source = call.source or ()
        written = literal(source)
        because = f"module `{call.name}` of `{directory}`"
        if written is not None:
            if not written.startswith(("./", "../")):
                self.remote.update([written] if written else [])
                return []
            return self._module_directory(call, directory, written, because)
        asked = self._asked(source, directory, own=True)
        if asked.known:
            return self._module_directory(
                call, directory, posixpath.relpath(f"{asked.place}/{asked.fixed}", directory), because
            )
        self.found.tell(
            "module-source-computed",
            f"the source of module `{call.name}` is computed, so every module that it could be counts as read",
            call.span,
            severity=Severity.WARNING,
        )
        return self._any_module(asked, f"{because}, whose source is computed at {call.span}")

    def _module_directory(
        self, call: ModuleCall, directory: str, written: str, because: str
    ) -> list[tuple[str, str]]:
        found = self.found.reach(directory, written, because, call.span)
        if found is None:
            return []
        if found.kind == "directory" and self.code.module(found.path, opentofu=self.opentofu) is not None:
            return [(found.path, because)]
        if found.kind == "module":
            self.found.file(found, because)
            return []
        self.found.file(found, because)
        self.found.watch(found.path, "*.{tf,tofu,tf.json,tofu.json}", because)
        self.found.tell(
            "module-not-found",
            f"module `{call.name}` has the source `{written}`, but `{found.path}` holds no Terraform code",
            call.span,
            hint=self._siblings(found.path),
        )
        return []

    def _siblings(self, path: str) -> str:
        place = posixpath.dirname(path) or "."
        nodes = self.code.children(place)
        names = [f"`{posixpath.basename(node.path)}`" for node in nodes if node.kind == "directory"]
        return f"`{place}` holds {', '.join(names[:12])}" if names else ""

    def _any_module(self, asked: _Asked, because: str) -> list[tuple[str, str]]:
        place = asked.place or self.directory
        found = self.found.reach(place, _whole_segments(asked.fixed), because, None)
        if found is None or found.kind != "directory":
            return []
        self.found.everything(found.path, because)
        self.found.widened.setdefault(f"`{found.path}` is read whole: {because}")
        if not asked.place:
            self.unknown.append(because)
        prefix = "" if found.path == "." else found.path + "/"
        places = {posixpath.dirname(node.path) or "." for node in self.code.walk(found.path)}
        return [(place, because) for place in sorted(places) if f"{place}/".startswith(prefix)]

    def _reference(
        self, reference: FileReference, directory: str, because: str, templates: bool = False
    ) -> None:
        why = because or _words(reference)
        if reference.function == "literal":
            if (written := literal(reference.path)) is not None:
                self._literal(written, f"`{written}` at {reference.span} may name it")
            return
        asked = self._asked(reference.path, directory)
        if not asked.place:
            self.unknown.append(f"{reference.function}() at {reference.span} has a computed path")
        elif not asked.known or (reference.function == "path" and not asked.fixed):
            self._wide(asked, reference)
        elif reference.pattern is not None:
            self._fileset(asked, reference, why)
        else:
            self._file(asked.place, asked.fixed or ".", why, reference.span)
            if templates or reference.function == "templatefile":
                self._template(asked)

    def _fileset(self, asked: _Asked, reference: FileReference, because: str) -> None:
        pattern = literal(reference.pattern or ())
        if pattern is None:
            self._wide(asked, reference)
        else:
            found = self.found.reach(asked.place, asked.fixed or ".", because, reference.span)
            if found is not None:
                self.found.members(found.path, pattern, because, reference.span)

    def _wide(self, asked: _Asked, reference: FileReference) -> None:
        """The smallest directory that holds a computed path."""
        because = f"{reference.function} at {reference.span} has a computed path"
        place = _whole_segments(asked.fixed) if not asked.known else asked.fixed or "."
        found = self.found.reach(asked.place, place, because, reference.span)
        if found is None:
            return
        self.found.file(found, because)
        self.found.widened.setdefault(f"`{found.path}` is read whole: {because}")

    def _template(self, asked: _Asked) -> None:
        """Templates may call `file()` too, from the working directory."""
        whole = joined(asked.place, asked.fixed)
        found = located(self.code, whole) if whole is not None else None
        if found is None or found.kind not in FILES:
            return
        facts = self.code.facts(found.path, template=True)
        for reference in facts.references if facts else ():
            if reference.function != "templatefile" and reference.function != "path":
                self._reference(reference, self.directory, "")

    def _literal(self, written: str, because: str) -> None:
        """A bare string that may be a path: it counts where something is there."""
        whole = joined(self.directory, written)
        if (
            whole is not None
            and whole not in (".", self.directory)
            and not self.directory.startswith(whole + "/")
        ):
            found = located(self.code, whole)
            if found.node is not None or found.links:
                self._file(self.directory, written, because, None)
            else:
                self.found.watch(whole, "**", because)

    def _asked(self, text: Text, directory: str, *, own: bool = False) -> _Asked:
        """`text` as a path. A relative one is the working directory's (`own`: the module's), which is the stack's."""
        first = text[0] if text else ""
        place, rest = (directory if own else self.directory), text
        if isinstance(first, Symbol):
            if first.kind not in _PLACES:
                return _Asked("", "", False)
            place, rest = (directory if first.kind is SymbolKind.MODULE else self.directory), text[1:]
        fixed = ""
        for part in rest:
            if isinstance(part, Symbol):
                return _Asked(place, fixed.lstrip("/") if rest is not text else fixed, False)
            fixed += part
        return _Asked(place, fixed.lstrip("/") if rest is not text else fixed, True)

    def _file(self, directory: str, path: str, because: str, span: Span | None) -> None:
        found = self.found.reach(directory, path, because, span)
        if found is not None:
            self.found.file(found, because)

    def _var_file(self, place: str, name: str, because: str) -> None:
        self._file(place, name, because, None)
        if (whole := joined(place, name)) is not None:
            self.var_files.append(whole)

    def _backend_file(self, name: str) -> None:
        for place in (self.directory, "."):
            whole = joined(place, name)
            if whole is not None and self.code.node(whole) is not None:
                self._file(place, name, "the settings' `backend_config` names it", None)
                return

    def _versions(self, place: str) -> None:
        wish = self.target.stack.engine
        other = ".terraform-version" if self.opentofu else ".opentofu-version"
        for name in VERSION_FILES:
            path = name if place == "." else f"{place}/{name}"
            if name == ".tool-versions":
                # It names many tools: only the line about this one reaches the target.
                said = [constraint for constraint, origin in wish.constraints if origin.split(":")[0] == path]
                if said:
                    self.found.version(path, "it wishes for a version of the engine", id="/".join(said))
            elif name != other:
                self.found.version(path, "it wishes for a version of the engine")


def _whole_segments(fixed: str) -> str:
    """`templates/a-` is known up to `templates`."""
    return fixed.rpartition("/")[0] or ("/" if fixed.startswith("/") else ".")


def _words(reference: FileReference) -> str:
    call = "path expression" if reference.function == "path" else f"{reference.function}()"
    return f"{call} at {reference.span}"
