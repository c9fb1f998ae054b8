"""The code of the conformance suite as a Python program with a provider of its own: nothing but the SDK is needed."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from runner.conformance.engine import CANARY, Code
from runner.engine import BackendChoice, Engine, Workspace
from runner.engine.child import granted_variables
from runner.engine.pulumi_state import contents_of
from runner.kit.redaction import Redactor

PASSPHRASE = "a passphrase of ours"
STACK = "dev"

PROJECT = """\
name: demo
runtime:
  name: python
  options: {virtualenv: VIRTUALENV}
"""
PROVIDER = '''\
import time
from pathlib import Path

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, Resource, ResourceProvider, UpdateResult

CONFIG = pulumi.Config()
PASSWORD = CONFIG.get_secret("password")


class Thing(ResourceProvider):
    def create(self, props):
        return CreateResult(id_="thing-" + props["value"], outs=dict(props))

    def diff(self, id, olds, news):
        changed = [name for name in ("value", "trigger") if olds.get(name) != news.get(name)]
        replaces = [name for name in changed if name == "trigger"]
        return DiffResult(changes=bool(changed), replaces=replaces, delete_before_replace=True)

    def update(self, id, olds, news):
        return UpdateResult(outs=dict(news))


class Broken(ResourceProvider):
    def create(self, props):
        raise Exception("it is " + props["password"])


class Slow(ResourceProvider):
    """Takes ten minutes, or until the engine says that it was interrupted: no provider is told of that."""

    def create(self, props):
        Path(props["begun"]).touch()
        for _ in range(6000):
            told = Path(props["log"])
            if told.exists() and "^C received" in told.read_text():
                raise Exception("given up")
            time.sleep(0.1)
        return CreateResult(id_="slow", outs=dict(props))


class Made(Resource):
    def __init__(self, provider, name, **props):
        super().__init__(provider, name, props)


'''
_ONE = 'one = Made(Thing(), "one", value="VALUE", trigger=TRIGGER)\n'
_FIRST = _ONE.replace("VALUE", "first").replace("TRIGGER", "1")
_OUTPUTS = """\
pulumi.export("words", ["a", "b"])
pulumi.export("count", 3)
pulumi.export("secret", PASSWORD)
"""
_BROKEN = 'Made(Broken(), "two", password=PASSWORD, one=one.id)\n'
_SLOW = """\
two = Made(Slow(), "two", begun="BEGUN", log="LOG", one=one.id)
Made(Thing(), "three", value="3", two=two.id)
"""

CODES = {
    Code.EMPTY: "",
    Code.ONE: _FIRST + _OUTPUTS,
    Code.UPDATED: _ONE.replace("VALUE", "second").replace("TRIGGER", "1") + _OUTPUTS,
    Code.REPLACED: _ONE.replace("VALUE", "first").replace("TRIGGER", "2") + _OUTPUTS,
    Code.BROKEN: _FIRST + _BROKEN,
    Code.SLOW: _FIRST + _SLOW,
}


class PulumiBench:
    """See runner.conformance.engine.EngineBench."""

    shortest = 30.0
    """An apply previews first, and a program and its provider take their time to begin, more so on a busy machine."""

    def __init__(self, engine: Engine, place: Path) -> None:
        self._engine = engine
        self._place = place
        self.file = place / "state.json"

    @property
    def engine(self) -> Engine:
        """See EngineBench."""
        return self._engine

    def work(self, code: Code, timeout: float | None = None) -> Workspace:
        """See EngineBench."""
        return self.work_on({"__main__.py": PROVIDER + CODES[code]}, timeout)

    def work_on(self, files: dict[str, str], timeout: float | None = None) -> Workspace:
        """A workspace with code of one's own. BEGUN and LOG in it are those of the conformance suite."""
        tree, scratch = self._place / "tree", self._place / "scratch"
        directory = tree / "stack"
        for place in (directory, scratch):
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name, text in {"Pulumi.yaml": PROJECT, **files}.items():
            text = text.replace("BEGUN", str(tree / "begun")).replace("LOG", str(scratch / "apply.jsonl"))
            (directory / name).write_text(text.replace("VIRTUALENV", json.dumps(sys.prefix)))
        redactor = Redactor()
        redactor.add(CANARY, "env:PASSWORD")
        return Workspace(
            root=tree,
            directory=directory,
            scratch=scratch,
            environment=granted_variables(os.environ, None, {}, by_hand=False),
            redactor=redactor,
            backend=BackendChoice(file=self.file, workspace=STACK),
            inputs={"password": CANARY},
            secret_inputs=frozenset({"password"}),
            modules=(),
            timeout=timeout,
            passphrase=PASSPHRASE,
        )

    def resources(self) -> frozenset[str]:
        """See EngineBench."""
        state = self.file.read_bytes() if self.file.is_file() else b""
        return frozenset(resource.address for resource in contents_of(state).resources)
