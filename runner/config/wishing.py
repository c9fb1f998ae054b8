"""Written wishes to believed ones, and to targets: inputs with their references, edges, and ends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches

from runner.config.members import unmet
from runner.config.places import Places, Steps
from runner.config.reference_syntax import ReferenceReader, Scope
from runner.config.remembering import ReadFile
from runner.config.targets import target_of
from runner.diagnostics import Diagnostic
from runner.model.environment import TargetWish, Wishes
from runner.model.references import Input, Inputs
from runner.model.stack import Stack
from runner.model.target import Target


class Wisher:
    """Believes the wishes of all environments; mistakes gather in `problems`. `stacks` are each environment's, by
    name; `foreign` the directories that another orchestrator owns."""

    def __init__(
        self, *, stacks: Mapping[str, frozenset[str]], all_stacks: frozenset[str], foreign: Mapping[str, str]
    ) -> None:
        self._stacks = stacks
        self._all = all_stacks
        self._foreign = foreign
        self.problems: list[Diagnostic] = []

    def wishes(self, environment: str, file: ReadFile | None) -> Wishes:
        """The wishes of one environment; one without a file has the defaults."""
        if file is None:
            return Wishes(environment=environment)
        section, places = file.section, file.places
        globs = section.texts("stacks") or ("*",)
        self._plain_names(globs, places)
        references = ReferenceReader(places, Scope(environment=environment, stacks=self._stacks))
        targets: dict[str, TargetWish] = {}
        for name in section.section("targets").names():
            self._exists(environment, name, ("targets", name), places)
            written = section.section("targets").section(name)
            targets[name] = TargetWish(
                inputs=self._inputs(
                    written.section("inputs").names(), ("targets", name, "inputs"), file, references
                ),
                depends_on=self._edges(environment, name, written.texts("depends_on"), places),
            )
        wishes = Wishes(
            environment=environment,
            members=globs,
            inputs=self._inputs(section.section("inputs").names(), ("inputs",), file, references),
            targets=targets,
            removed=self._removed(environment, file),
        )
        self.problems += references.problems
        return wishes

    def targets(self, wishes: Wishes, members: Sequence[Stack]) -> list[Target]:
        """The targets of one environment."""
        return [target_of(wishes, stack) for stack in members]

    def _inputs(
        self, names: Sequence[str], steps: Steps, file: ReadFile, references: ReferenceReader
    ) -> Inputs:
        section = file.section
        for step in steps:
            section = section.section(str(step))
        return {
            name: Input(
                name=name,
                value=references.value(section.json(name), (*steps, name)),
                span=file.places.span((*steps, name), key=True),
            )
            for name in names
        }

    def _edges(self, environment: str, name: str, written: Sequence[str], places: Places) -> tuple[str, ...]:
        """`stack` of this environment, or `environment:stack`, as `environment/stack`."""
        edges = []
        for position, text in enumerate(written):
            where, colon, stack = text.rpartition(":")
            where = where if colon else environment
            steps = ("targets", name, "depends_on", position)
            if where not in self._stacks:
                self._unknown_environment(where, steps, places)
            elif (where, stack) == (environment, name):
                message = f"`{name}` cannot depend on itself"
                self.problems.append(places.problem("depends-on-itself", message, steps, hint="remove it"))
            else:
                self._exists(where, stack, steps, places)
            edges.append(f"{where}/{stack}")
        return tuple(edges)

    def _unknown_environment(self, name: str, steps: Steps, places: Places) -> None:
        near = get_close_matches(name, self._stacks, 1)
        hint = (
            f"did you mean `{near[0]}`?"
            if near
            else "there are " + ", ".join(f"`{e}`" for e in sorted(self._stacks))
        )
        message = f"there is no environment `{name}`"
        self.problems.append(places.problem("environment-unknown", message, steps, hint=hint))

    def _exists(self, environment: str, name: str, steps: Steps, places: Places) -> None:
        here = self._stacks[environment]
        if name in here:
            return
        owner = next((who for path, who in self._foreign.items() if path.rsplit("/", 1)[-1] == name), "")
        near = get_close_matches(name, here, 1)
        if name in self._all:
            message = f"stack `{name}` does not live in `{environment}`"
            hint = f"let `stacks:` of environments/{environment}.yaml choose it, or remove this"
        else:
            message = f"there is no stack `{name}`"
            hint = f"did you mean `{near[0]}`?" if near else f"`{environment}` has {_listed(here)}"
        if owner:
            hint = f"its directory belongs to {owner}, whose code is not run bare"
        self.problems.append(places.problem("stack-unknown", message, steps, hint=hint, key=len(steps) == 2))

    def _plain_names(self, globs: Sequence[str], places: Places) -> None:
        for position in unmet(globs, self._all):
            name = globs[position].removeprefix("!")
            near = get_close_matches(name, self._all, 1)
            hint = f"did you mean `{near[0]}`?" if near else f"there are {_listed(self._all)}"
            message = f"there is no stack `{name}`"
            self.problems.append(places.problem("stack-unknown", message, ("stacks", position), hint=hint))

    def _removed(self, environment: str, file: ReadFile) -> dict[str, str]:
        removed = file.section.words("removed")
        for name in removed:
            if name in self._stacks[environment]:
                message = f"`{name}` is to be removed and is still wished for"
                hint = f'write `stacks: ["*", "!{name}"]`, or remove its directory'
                self.problems.append(
                    file.places.problem("removed-exists", message, ("removed", name), hint=hint, key=True)
                )
        return removed


def _listed(names: frozenset[str]) -> str:
    shown = ", ".join(f"`{name}`" for name in sorted(names)[:8]) or "no stack"
    return shown + (f" and {len(names) - 8} more" if len(names) > 8 else "")
