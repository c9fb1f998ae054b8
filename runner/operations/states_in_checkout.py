"""States that the code reads from a file by a relative path: such a file lies in the user's checkout."""

from __future__ import annotations

from runner.decisions.closure import Closure
from runner.decisions.remote_states import state_files
from runner.diagnostics import Diagnostic, Severity
from runner.model.target import Target
from runner.operations.run_directory import WorkPlaces
from runner.operations.session import Session
from runner.operations.survey import Survey


def link_states(
    session: Session, whole: Survey, target: Target, closure: Closure, places: WorkPlaces
) -> None:
    """Lets the engine find, from its private tree, the states that `terraform_remote_state` reads in the checkout, also
    where an older one is committed. A path that leaves the repository is told, for it leads elsewhere from there."""
    checkout = session.bench.tools.repository.root
    loaded = [facts for each in closure.modules if (facts := whole.code.module(each))]
    for path, remote in state_files(loaded, closure.directory).items():
        place = places.tree / path
        if path.startswith("../"):
            session.note(
                target.name,
                Diagnostic(
                    code="remote-state-outside",
                    message=f"`data.terraform_remote_state.{remote.name}` reads a file outside the repository by a "
                    "relative path, which leads elsewhere from where the engine works",
                    span=remote.span,
                    hint="write the path as an absolute one",
                    severity=Severity.WARNING,
                ),
            )
        elif (checkout / path).is_file() and ".git" not in path.lower().split("/"):
            place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            place.unlink(missing_ok=True)
            place.symlink_to(checkout / path)
