"""A repository of infrastructure, the program in it, and what a journey asks of both: state, refs, record."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.checkout import Checkout, git
from tests.program import Program, Ran

Files = Mapping[str, str | bytes | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A clone, the program that is run in it, and what comes on top of its environment."""

    clone: Checkout
    program: Program
    environment: Mapping[str, str] = field(default_factory=dict)

    def run(self, *arguments: str | Path, code: int = 0, env: Mapping[str, str] | None = None) -> "Told":
        """Runs a verb with `--json`, and holds it to its exit code."""
        ran = self.program(
            *arguments, "--json", cwd=self.clone.path, env={**self.environment, **(env or {})}, seconds=120
        )
        assert ran.code == code, f"exit {ran.code}, not {code}\n{_essence(ran)}"
        assert "Traceback" not in ran.stderr
        return Told(ran)

    def plain(self, *arguments: str | Path, code: int = 0, stdin: str = "") -> Ran:
        """Runs a verb as a person does, and holds it to its exit code."""
        ran = self.program(*arguments, cwd=self.clone.path, env=self.environment, stdin=stdin, seconds=120)
        assert ran.code == code, f"exit {ran.code}, not {code}\n{ran.stdout}\n{ran.stderr}"
        return ran

    def change(self, files: Files, message: str = "a change", *, push: bool = True) -> str:
        """Commits the files, pushes them to `main`, and returns the commit."""
        commit = self.clone.commit(files, message)
        if push:
            self.clone.push()
        return commit

    def state(self, target: str) -> dict[str, Any]:
        """The decrypted state."""
        content: dict[str, Any] = json.loads(self.plain("state", "pull", target).stdout)
        return content

    def addresses(self, target: str) -> set[str]:
        """What the state holds: `type.name`."""
        return {f"{each['type']}.{each['name']}" for each in self.state(target)["resources"]}

    def attributes(self, target: str, address: str) -> dict[str, Any]:
        """The attributes of the one instance of a resource, as its state has them."""
        kind, name = address.split(".")
        found = [
            each for each in self.state(target)["resources"] if (each["type"], each["name"]) == (kind, name)
        ]
        attributes: dict[str, Any] = found[0]["instances"][0]["attributes"]
        return attributes

    def outputs(self, *selectors: str) -> dict[str, Any]:
        """`target.output` -> its value, by `runner outputs`."""
        rows = self.run("outputs", *selectors).rows("output")
        return {f"{row['target']}.{row['name']}": row["value"] for row in rows}

    def standing(self, *selectors: str) -> dict[str, str]:
        """Target -> where it stands, by `runner status`."""
        return {row["target"]: row["state"] for row in self.run("status", *selectors).rows("status")}

    def entries(self, *selectors: str) -> list[dict[str, Any]]:
        """The record, oldest first."""
        return self.run("log", *selectors, "-n", "0").rows("entry")[::-1]

    def refs(self) -> dict[str, str]:
        """The remote's refs, whatever wrote them."""
        lines = git("for-each-ref", "--format=%(refname) %(objectname)", cwd=self.clone.remote).splitlines()
        return dict(line.split(" ") for line in lines)

    def on_remote(self, *arguments: str) -> str:
        """What Git says of the bare remote."""
        return git(*arguments, cwd=self.clone.remote)


@dataclass(frozen=True, slots=True)
class Told:
    """What a run told as JSON lines."""

    ran: Ran

    def rows(self, kind: str) -> list[dict[str, Any]]:
        """The objects of one type, in order."""
        objects: list[dict[str, Any]] = self.ran.objects
        assert all(each["schema"] == "runner/1" for each in objects)
        return [each for each in objects if each["type"] == kind]

    @property
    def result(self) -> dict[str, Any]:
        """The last object."""
        last: dict[str, Any] = self.ran.objects[-1]
        return last

    @property
    def outcomes(self) -> dict[str, str]:
        """Target -> how it ended."""
        return {each["target"]: each["outcome"] for each in self.rows("target_finished")}

    @property
    def becauses(self) -> dict[str, str]:
        """Target -> why it ended so."""
        return {each["target"]: each["because"] for each in self.rows("target_finished")}

    @property
    def plans(self) -> dict[str, dict[str, Any]]:
        """Target -> its newest plan."""
        return {each["target"]: each for each in self.rows("plan_ready")}

    @property
    def diagnostics(self) -> list[dict[str, Any]]:
        """Every problem and warning that was told, of the run, of its targets and of its end."""
        found = [each["diagnostic"] for each in self.rows("noted")]
        for each in self.ran.objects:
            listed = each.get("diagnostics")
            found += listed if isinstance(listed, list) else []
        return found

    @property
    def codes(self) -> set[str]:
        """Their codes."""
        return {each["code"] for each in self.diagnostics}

    def diagnostic(self, code: str) -> dict[str, Any]:
        """The first with this code."""
        return next(each for each in self.diagnostics if each["code"] == code)


def _essence(ran: Ran) -> str:
    """What a reader of a failed test needs first."""
    plans = ('"type":"plan_ready"', '"type":"target_progress"')
    told = [line for line in ran.stdout.splitlines() if not any(each in line for each in plans)]
    return "\n".join([*told, ran.stderr[-1500:]])


def kinds(plan: Mapping[str, Any]) -> dict[str, str]:
    """Address -> what a plan would do with it."""
    return {each["address"]: each["kind"] for each in plan["changes"]}


def path_with(program: Path, name: str, at: Path) -> dict[str, str]:
    """An environment on whose PATH `name` is `program`, and neither Terraform nor OpenTofu is anywhere else."""
    at.mkdir(parents=True, exist_ok=True)
    (at / name).symlink_to(program)
    return {"PATH": os.pathsep.join([str(at), without_engines()])}


def without_engines() -> str:
    """PATH without the directories that hold an engine."""
    engines = ("terraform", "tofu")
    return os.pathsep.join(
        place
        for place in os.environ["PATH"].split(os.pathsep)
        if place and not any((Path(place) / name).exists() for name in engines)
    )
