"""Gates judged before anything is planned: an environment's own, then each target's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import partial

from msgspec import Struct
from msgspec.structs import asdict, replace

from runner.decisions.edges import module_facts, reaching
from runner.decisions.gates import (
    CALENDAR,
    BranchFacts,
    branch_verdict,
    broken_glass,
    dirty_verdict,
    freeze_verdict,
    hand_freeze_verdict,
    hand_lock_verdict,
    held_verdict,
    reference_verdicts,
    requires_verdict,
    unenforced_verdict,
    window_verdict,
)
from runner.decisions.inputs import inputs_of, undeclared_everywhere, unvalued
from runner.decisions.lookup import FILES, located
from runner.decisions.selection import is_named
from runner.diagnostics import Diagnostic, Severity
from runner.errors import AskedWrongly, Denied, RunnerError, Waiting
from runner.model.code import ModuleFacts
from runner.model.code_files import VALUES
from runner.model.environment import Gates, Hooks
from runner.model.names import TargetName
from runner.model.references import Inputs, OutputReference, Reference, references_in
from runner.model.selection_request import SelectionRequest
from runner.model.stack import EngineName
from runner.model.target import Target
from runner.model.verdict import Answer, Verdict
from runner.operations.bench import Bench
from runner.operations.closures import closure_in
from runner.operations.comparing import Comparing
from runner.operations.diverging import divergences
from runner.operations.forge_asking import ForgeAsking
from runner.operations.promoting import promotions
from runner.operations.survey import Survey, gates_of
from runner.operations.workplace import closure_at


class Overrides(Struct, frozen=True, kw_only=True):
    """What the command line opened; each stands in the entry."""

    allow_dirty: bool = False
    off_branch: bool = False
    change_engine: bool = False
    break_glass: str = ""
    emergency: str = ""

    def recorded(self) -> Mapping[str, str]:
        """Flag -> its reason, `yes` where it takes none; only those that were given."""
        given = {name.replace("_", "-"): value for name, value in asdict(self).items() if value}
        return {name: value if isinstance(value, str) else "yes" for name, value in given.items()}


def judge_environments(
    bench: Bench,
    whole: Survey,
    environments: Iterable[str],
    targets: Mapping[TargetName, Target],
    overrides: Overrides,
    asking: ForgeAsking | None = None,
) -> tuple[Diagnostic, ...]:
    """Raises Denied or Waiting with every closed gate of every environment; else the warnings. `targets` are those
    whose code must be committed; an environment without any is judged too, for `removed:` may end something there.
    `asking`: whom each plan is asked about later, so that what is required does not close now."""
    verdicts: list[Verdict] = []
    for environment in environments:
        gates = whole.believed.environments[environment]
        mine = [target for name, target in targets.items() if name.environment == environment]
        facts = _branch_facts(bench, whole, gates, mine)
        found = (
            *_unknown(whole, environment),
            branch_verdict(gates, facts, off_branch=overrides.off_branch),
            dirty_verdict(facts, allow_dirty=overrides.allow_dirty),
            *_calendar(bench, whole, gates, [target.name for target in mine]),
            unenforced_verdict(gates, "up"),
            *_required(gates, asking),
            *_promotions(bench, whole, gates, mine),
            *_divergences(bench, whole, gates, facts, mine),
        )
        actor = bench.tools.actor()
        opened = broken_glass(gates, found, overrides.emergency, actor, opens=CALENDAR)
        verdicts += broken_glass(gates, opened, overrides.break_glass, actor)
    return _closed_or_warned(verdicts)


def _required(gates: Gates, asking: ForgeAsking | None) -> tuple[Verdict, ...]:
    if asking and gates.environment in asking.environments:
        return ()
    return (requires_verdict(gates, asking.why if asking else ""),)


def _promotions(bench: Bench, whole: Survey, gates: Gates, mine: Iterable[Target]) -> tuple[Verdict, ...]:
    found = promotions(whole, gates, mine, bench.clock.now())
    return tuple(replace(each, because=f"`{name}`: {each.because}") for name, each in found.items())


def _divergences(
    bench: Bench, whole: Survey, gates: Gates, facts: BranchFacts, mine: Iterable[Target]
) -> tuple[Verdict, ...]:
    """By hand the head is the commit that is checked out. An environment of any branch has none to be behind of."""
    if not gates.requires or not gates.requires.undiverged or gates.branch == "*":
        return ()
    comparing = Comparing(bench, whole.gates, partial(gates_of, whole))
    names = [target.name for target in mine]
    return tuple(divergences(comparing, facts.commit, facts.head, gates.branch, names).values())


def closed_now(
    bench: Bench, whole: Survey, name: TargetName, overrides: Mapping[str, str]
) -> Diagnostic | None:
    """What closed while the run went on: a window that ended, a freeze that began. `overrides` as recorded."""
    if "break-glass" in overrides or "emergency" in overrides:
        return None
    verdicts = _calendar(bench, whole, whole.believed.environments[name.environment], (name,))
    closed = (each for each in verdicts if each.answer in (Answer.DENY, Answer.WAIT))
    return next((_diagnostic(each, Severity.ERROR) for each in closed), None)


def judge_targets(
    whole: Survey, targets: Mapping[TargetName, Target], request: SelectionRequest
) -> tuple[dict[TargetName, Target], tuple[Diagnostic, ...]]:
    """The targets that may go on, and warnings; held ones that nobody named are left out, with a warning.

    AskedWrongly with all inputs that cannot be given, Denied with all references that may not be read.
    """
    warnings: list[Diagnostic] = []
    going: dict[TargetName, Target] = {}
    for name, target in targets.items():
        if held := held_now(whole, target, request):
            warnings.append(held)
            continue
        going[name] = target
    believe_inputs(whole, targets)
    return going, tuple(warnings)


def held_now(whole: Survey, target: Target, request: SelectionRequest) -> Diagnostic | None:
    """The warning about a target that was destroyed and that nobody named; None where it may go on."""
    name = target.name
    live = whole.record.ledger.live(name.environment).get(name.stack)
    held = held_verdict(target, live, named=is_named(name, request))
    return _diagnostic(held, Severity.WARNING) if held.answer is Answer.DENY else None


def believe_inputs(whole: Survey, targets: Mapping[TargetName, Target]) -> None:
    """AskedWrongly with all inputs that cannot be given, Denied with all references that may not be read: a plan of
    such targets would be of something that nobody wrote."""
    if problems := _input_problems(whole, targets):
        raise AskedWrongly(problems)
    judge_references(whole, targets)


def judge_references(whole: Survey, targets: Mapping[TargetName, Target]) -> None:
    """Denied with all references that may not be read."""
    verdicts: list[Verdict] = []
    for name, target in targets.items():
        gates = gates_of(whole, name.environment)
        module = module_facts(target, whole.code)
        references: list[Reference] = [
            each for given in reaching(target, module) for each in references_in(given.value)
        ]
        references += _stacks_referred(whole, target)
        verdicts += reference_verdicts(gates, references)
    _closed_or_warned(verdicts)


def _stacks_referred(whole: Survey, target: Target) -> Iterator[OutputReference]:
    """What a Pulumi program reads of other stacks by their names: all outputs."""
    if target.stack.engine.name is EngineName.PULUMI:
        for edge in whole.edges.get(target.name, ()):
            if edge.reads_state:
                yield OutputReference(target=edge.target, output="*", span=edge.span)


def warn_environments(whole: Survey, environments: Iterable[str]) -> tuple[Diagnostic, ...]:
    """What would close `up` and is only said by `preview`."""
    verdicts = [unenforced_verdict(whole.believed.environments[name], "preview") for name in environments]
    return tuple(_diagnostic(each, Severity.WARNING) for each in verdicts if each.answer is not Answer.ALLOW)


def _input_problems(whole: Survey, targets: Mapping[TargetName, Target]) -> list[Diagnostic]:
    facts = {name: module_facts(target, whole.code) for name, target in whole.wishes.targets.items()}
    others = {name: module for name, module in facts.items() if module is not None}
    problems: list[Diagnostic] = []
    for name, target in targets.items():
        module = facts[name]
        if module is not None:
            given = inputs_of(target, module, others)
            problems += given.diagnostics
            problems += unvalued(target, module, given.inputs, _values(whole, target, module, given.inputs))
    for environment in sorted({name.environment for name in targets}):
        wishes = whole.wishes.wishes.get(environment)
        modules = [module for name, module in facts.items() if name.environment == environment]
        if wishes:
            problems += undeclared_everywhere(environment, wishes.inputs, modules)
    return problems


def _values(whole: Survey, target: Target, module: ModuleFacts, inputs: Inputs) -> Iterator[str]:
    """What may give a variable its value beside the inputs: files of values, and settings and hooks that nobody reads
    here, which may be anything."""
    required = [
        name for name, each in module.variables.items() if not each.has_default and name not in inputs
    ]
    if not required:
        return
    gates = gates_of(whole, target.name.environment)
    closure = closure_in(whole, target)
    files = {path for path in closure.paths if path.endswith(VALUES)} | {*closure.var_files}
    found = {place.path for each in files if (place := located(whole.code, each)).kind in FILES}
    for path in sorted(found):
        yield whole.tree.read(path).decode("utf-8", "replace")
    credentials = (gates.credentials.preview, gates.credentials.apply)
    yield from (name.removeprefix("TF_VAR_") for each in credentials if each for name in each.files)
    words = [word for some in gates.terraform.arguments.values() for word in some]
    if gates.hooks != Hooks() or any("var" in word for word in words):
        yield " ".join(required)


def _branch_facts(bench: Bench, whole: Survey, gates: Gates, targets: Iterable[Target]) -> BranchFacts:
    repository, remote = bench.tools.repository, whole.record.remote
    commit = whole.checked_out or whole.revision.commit
    dirty = uncommitted(whole, targets)
    if gates.branch == "*":
        return BranchFacts(commit=commit, head=commit, dirty=dirty)
    head = _head(bench, remote, gates.branch)
    ahead = behind = 0
    if head and head != commit:
        meeting = repository.merge_base(commit, head)
        if meeting:
            ahead = len(repository.commits_between(meeting, commit))
            behind = len(repository.commits_between(meeting, head))
    return BranchFacts(commit=commit, head=head, remote=remote, ahead=ahead, behind=behind, dirty=dirty)


def _head(bench: Bench, remote: str, branch: str) -> str | None:
    """The branch's commit where it counts: at the ledger's remote, else in this clone. None where there is none."""
    repository = bench.tools.repository
    if not remote:
        return repository.branches().get(branch)
    try:
        return repository.fetch_branch(remote, branch)
    except AskedWrongly:
        return None


def uncommitted(whole: Survey, targets: Iterable[Target]) -> tuple[str, ...]:
    """Changed paths that a target's plan can see, or that are wishes. A born file counts where it would be read."""
    if not whole.revision.dirty:
        return ()
    closures = [closure_at(whole, target) for target in targets]
    return tuple(
        path
        for path in whole.revision.dirty_paths
        if path.startswith("environments/")
        or path.endswith("/stack.yaml")
        or any(closure.concerns(path) for closure in closures)
    )


def _calendar(bench: Bench, whole: Survey, gates: Gates, names: Iterable[TargetName]) -> tuple[Verdict, ...]:
    now = bench.clock.now()
    freezes = whole.record.ledger.freezes(gates.environment)
    frozen = whole.record.ledger.frozen_targets(gates.environment)
    return (
        window_verdict(gates, now),
        freeze_verdict(gates, now),
        hand_freeze_verdict(gates.environment, tuple(freezes.values())),
        *(hand_lock_verdict(name, frozen) for name in names),
    )


def _unknown(whole: Survey, environment: str) -> tuple[Verdict, ...]:
    if environment not in whole.wishes.unknown or environment in whole.gates.environments:
        return ()
    because = f"`{environment}` is new here: the default branch's gates do not know it yet"
    return (
        Verdict(
            gate="environment",
            answer=Answer.WAIT,
            code="environment-unknown",
            because=because,
            hint="merge its file into the default branch first",
        ),
    )


def _closed_or_warned(verdicts: Iterable[Verdict]) -> tuple[Diagnostic, ...]:
    listed = list(verdicts)
    denied = [_diagnostic(each, Severity.ERROR) for each in listed if each.answer is Answer.DENY]
    waiting = [_diagnostic(each, Severity.ERROR) for each in listed if each.answer is Answer.WAIT]
    if denied or waiting:
        family: type[RunnerError] = Denied if denied else Waiting
        raise family([*denied, *waiting])
    return tuple(_diagnostic(each, Severity.WARNING) for each in listed if each.answer is Answer.WARN)


def _diagnostic(verdict: Verdict, severity: Severity) -> Diagnostic:
    return Diagnostic(
        code=verdict.code or verdict.gate, message=verdict.because, hint=verdict.hint, severity=severity
    )
