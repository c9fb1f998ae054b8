"""Things that answer whatever they are asked: what a Pulumi program imports from outside its repository, so that it can
be run where neither Pulumi nor a cloud is. `python standing_in.py ROOT PROJECT STACK PLACES` runs one program so, and
prints what it opened in ROOT, and how many of its statements ran, as JSON.

A statement that fails is left out, and what it would have bound answers everything: the next may still open a file.
"""

from __future__ import annotations

import ast
import builtins
import importlib.abc
import importlib.machinery
import json
import os
import signal
import socket
import subprocess
import sys
import types
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, NoReturn

import yaml

PATIENCE = 4.0
"""Seconds for one statement: a loop until an answer is false would not end."""
SECRET = "stands-in"
"""What a program that is started prints; read as YAML or JSON it has every key."""


class _Late(BaseException):
    """A statement took too long."""


class _Kind(type):
    def __getattr__(cls, name: str) -> Any:
        return _answer(name)

    def __iter__(cls) -> Iterator[Any]:
        return iter(())

    def __or__(cls, other: object) -> Any:
        return cls

    __ror__ = __or__

    def __getitem__(cls, key: object) -> Any:
        return cls


class Anything(metaclass=_Kind):
    """Is called, read, added, compared, iterated over once, inherited from; its attributes are those that it is given,
    and any other."""

    def __init__(self, *_: object, **given: object) -> None:
        for klass in type(self).__mro__:
            self.__dict__.update(
                {name: each.made() for name, each in vars(klass).items() if type(each) is _Made}
            )
        self.__dict__.update(given)

    def __init_subclass__(cls, **_: object) -> None:
        super().__init_subclass__()

    def __getattr__(self, name: str) -> Any:
        return _answer(name)

    def __call__(self, *given: Any, **named: Any) -> Any:
        functions = [each for each in (*given, *named.values()) if isinstance(each, types.FunctionType)]
        if len(given) == 1 and functions and not named:
            return given[0]  # it decorates
        for each in functions:
            _called(each)
        return Anything(**named)

    def __mro_entries__(self, _: object) -> tuple[type, ...]:
        return (Anything,)

    def __iter__(self) -> Iterator[Any]:
        return iter((Anything(),))

    def __len__(self) -> int:
        return 1

    def __str__(self) -> str:
        return SECRET

    __repr__ = __fspath__ = __str__

    def __format__(self, _: str) -> str:
        return SECRET

    def __index__(self) -> int:
        return 1

    __int__ = __index__

    def __float__(self) -> float:
        return 1.0

    def __hash__(self) -> int:
        return 1

    def __eq__(self, _: object) -> bool:
        return False

    def __lt__(self, _: object) -> bool:
        return True

    __le__ = __gt__ = __ge__ = __contains__ = __lt__

    def __add__(self, other: Any) -> Any:
        return other if isinstance(other, str | list | dict) else self

    __radd__ = __or__ = __ror__ = __add__

    def __sub__(self, _: object) -> Any:
        return self

    __mul__ = __rmul__ = __truediv__ = __floordiv__ = __mod__ = __and__ = __getitem__ = __sub__

    def __setitem__(self, *_: object) -> None:
        return

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: object) -> None:
        return

    def __await__(self) -> Any:
        yield from ()
        return self

    def __instancecheck__(self, other: object) -> bool:
        return isinstance(other, Anything)

    def __get__(self, *_: object) -> Any:
        return self


class _Made:
    """The default of a field, made anew for each."""

    def __init__(self, made: Callable[[], object]) -> None:
        self.made = made


class _Loose(dict[str, Any]):
    def __missing__(self, _: str) -> Any:
        return Anything()

    def __contains__(self, _: object) -> bool:
        return True

    def get(self, _key: str, _default: object = None) -> Any:
        return Anything()


def _answer(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    return _called if name == "apply" else Anything()


def _called(function: Callable[..., Any], *_: object, **__: object) -> Any:
    count = 1
    if isinstance(function, types.FunctionType):
        count = function.__code__.co_argcount - len(function.__defaults__ or ())
    try:
        return function(*(Anything() for _ in range(count)))
    except Exception:  # noqa: BLE001 - whatever an answer does to it
        return Anything()


def _field(
    default: Any = ..., *_: object, default_factory: Callable[[], object] | None = None, **__: object
) -> Any:
    if default_factory is not None:
        return _Made(default_factory)
    return Anything() if default is ... else default


class Outside(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Every module that is nowhere else; some of them know a little: `known`, by module and name."""

    def __init__(self, known: dict[tuple[str, str], Any]) -> None:
        self.known = known

    def find_spec(self, fullname: str, *_: object) -> importlib.machinery.ModuleSpec:
        """See MetaPathFinder."""
        return importlib.machinery.ModuleSpec(fullname, self, is_package=True)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        """See Loader."""
        known = self.known

        class Module(types.ModuleType):
            def __getattr__(self, name: str) -> Any:
                if (found := known.get((self.__name__, name))) is not None:
                    return found
                return type(name, (Anything,), {}) if name[:1].isupper() else _answer(name)

        return Module(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        """See Loader."""


class _Settings:
    """`pulumi.Config`, of the stack's own file."""

    written: dict[str, Any] = {}  # noqa: RUF012
    project = ""

    def __init__(self, name: str = "") -> None:
        self._name = name or self.project

    def _get(self, key: str, default: Any = None, *_: object, **__: object) -> Any:
        value = self.written.get(f"{self._name}:{key}", default)
        return Anything() if isinstance(value, dict) and "secure" in value else value

    def __getattr__(self, name: str) -> Any:
        if name.startswith("require"):
            return lambda key, *_, **__: self._get(key, Anything())
        return self._get


def _loosely(read: Callable[..., Any]) -> Callable[..., Any]:
    return lambda text, *given, **named: (
        _Loose() if text in (SECRET, SECRET.encode()) else read(text, *given, **named)
    )


def _nowhere(*_: object, **__: object) -> NoReturn:
    raise OSError("there is no network")


def _late(*_: object) -> NoReturn:
    raise _Late


def _prepared(root: str, project: str, stack: str, note: Callable[[Any], None]) -> None:
    def asset(path: Any, *_: object) -> Any:
        note(path)
        return Anything()

    def started(words: Any, *_: object, **named: Any) -> Any:
        for each in [words] if isinstance(words, str | bytes) else words:
            note(each)
        return Anything(stdout=SECRET if named.get("text") else SECRET.encode(), returncode=0, stderr=b"")

    with open(f"{root}/{project}/Pulumi.yaml") as file:
        _Settings.project = yaml.safe_load(file)["name"]
    with suppress(FileNotFoundError), open(f"{root}/{project}/Pulumi.{stack}.yaml") as file:
        _Settings.written = (yaml.safe_load(file) or {}).get("config") or {}
    known: dict[tuple[str, str], Any] = {("pulumi", "Config"): _Settings, ("pydantic", "Field"): _field}
    known |= {("pulumi", name): asset for name in ("FileAsset", "FileArchive")}
    known |= {
        ("pulumi", "get_stack"): lambda: stack,
        ("pulumi", "get_project"): lambda: _Settings.project,
    }
    sys.meta_path.append(Outside(known))
    socket.socket.connect = _nowhere  # type: ignore[method-assign]
    yaml.safe_load, json.loads = _loosely(yaml.safe_load), _loosely(json.loads)
    subprocess.run = started  # type: ignore[assignment]
    subprocess.check_output = lambda *given, **named: started(*given, **named).stdout


def ran(root: str, project: str, stack: str, places: str) -> dict[str, Any]:
    """Runs the program of one stack. `places`: where it looks for modules, below `root`, with `:` between."""
    opened: set[str] = set()

    def note(path: Any) -> None:
        with suppress(TypeError, ValueError):
            opened.add(os.path.realpath(os.fsdecode(path)))

    def heard(event: str, given: tuple[Any, ...]) -> None:
        if event == "open" and not isinstance(given[0], int):
            note(given[0])

    _prepared(root, project, stack, note)
    own = os.path.join(root, project)
    installed = [each for each in sys.path if each and "site-packages" not in each]
    sys.path[:] = [own, *(os.path.join(root, each) for each in places.split(":")), *installed]
    os.chdir(own)
    with open("__main__.py") as file:
        statements = ast.parse(file.read()).body
    signal.signal(signal.SIGALRM, _late)
    sys.addaudithook(heard)
    scope = {"__name__": "__main__", "__file__": f"{own}/__main__.py", "__builtins__": builtins}
    failed = sum(not _stepped(each, scope) for each in statements)
    inside = sorted(os.path.relpath(path, root) for path in opened if path.startswith(f"{root}/"))
    files = [path for path in inside if os.path.isfile(os.path.join(root, path))]
    return {"opened": files, "statements": len(statements), "failed": failed}


def _stepped(statement: ast.stmt, scope: dict[str, Any]) -> bool:
    """Runs one statement; whether it went well."""
    signal.setitimer(signal.ITIMER_REAL, PATIENCE)
    try:
        exec(compile(ast.Module([statement], []), "__main__.py", "exec"), scope)  # noqa: S102
    except (Exception, SystemExit, _Late):  # noqa: BLE001 - whatever an answer does to it
        for each in ast.walk(statement):
            if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store):
                scope.setdefault(each.id, Anything())
        return False
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    return True


if __name__ == "__main__":
    print(json.dumps(ran(os.path.realpath(sys.argv[1]), *sys.argv[2:])), flush=True)
    os._exit(0)  # threads and loops that a program began
