"""What an engine's child may see: a listed environment, an empty HOME, and our own CLI configuration.

Hygiene, not a wall: a child can read its parent's environment (DESIGN, law 4).
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from fnmatch import fnmatchcase, translate
from functools import lru_cache
from pathlib import Path

from msgspec import Struct

from runner.model.environment import Identity

ALWAYS = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ")
# Without these nothing can be reached where a proxy or an own authority stands between.
REACHING = (
    *(
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "NO_PROXY",
        "ALL_PROXY",
        "http_proxy",
        "https_proxy",
        "no_proxy",
        "all_proxy",
    ),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
)
# What says where packages of a language come from: for who installs, and for nobody else.
INSTALLERS = (
    *("PIP_*", "UV_*", "POETRY_*", "NPM_CONFIG_*", "npm_config_*", "YARN_*", "NODE_EXTRA_CA_CERTS"),
    *("GOPROXY", "GOSUMDB", "GONOSUMDB", "GOPRIVATE", "GONOPROXY", "GOINSECURE"),
)
# What the clouds' own tools read; only by hand, where nobody named credentials.
CLOUDS = (
    *(
        "AWS_*",
        "ARM_*",
        "AZURE_*",
        "GOOGLE_*",
        "GCLOUD_*",
        "CLOUDSDK_*",
        "KUBECONFIG",
        "KUBE_*",
        "TF_TOKEN_*",
    ),
    *("DIGITALOCEAN_*", "HCLOUD_*", "CLOUDFLARE_*", "OS_*", "VAULT_*", "DOCKER_HOST", "PG*", "CONSUL_*"),
    *("PULUMI_ACCESS_TOKEN", "PULUMI_BACKEND_URL", "PULUMI_CONFIG_PASSPHRASE*"),
)
# Where the clouds keep credentials of people, by the variable that names the place.
CREDENTIAL_FILES = {
    "AWS_SHARED_CREDENTIALS_FILE": ".aws/credentials",
    "AWS_CONFIG_FILE": ".aws/config",
    "AZURE_CONFIG_DIR": ".azure",
    "CLOUDSDK_CONFIG": ".config/gcloud",
    "GOOGLE_APPLICATION_CREDENTIALS": ".config/gcloud/application_default_credentials.json",
    "KUBECONFIG": ".kube/config",
}
# They would change what the engine does without a trace in what was approved.
NEVER = (
    "TF_VAR_*",
    "TF_CLI_ARGS*",
    "TF_LOG*",
    "TF_DATA_DIR",
    "TF_WORKSPACE",
    "TF_CLI_CONFIG_FILE",
    "GITOPS_RUNNER_*",
    *("PULUMI_CONFIG", "PULUMI_CONFIG_SECRET_KEYS", "PULUMI_HOME", "PULUMI_STACK", "PULUMI_OPTION_*"),
    *("PULUMI_EXPERIMENTAL", "PULUMI_DEBUG_*", "PULUMI_DEV", "PULUMI_ENABLE_*", "PULUMI_DISABLE_*"),
)

# Variables of the clouds whose values are secrets, by what their names say (law 6). A place of a file is none.
_SECRET_WORDS = (
    "SECRET",
    "TOKEN",
    "PASSWORD",
    "PASSWD",
    "PASSPHRASE",
    "CREDENTIALS",
    "API_KEY",
    "ACCESS_KEY",
    "PRIVATE_KEY",
)
_NO_SECRETS = ("*_ID", "*_FILE", "*_PATH", "*_URL", "*_ENDPOINT", *CREDENTIAL_FILES)


def is_secret_name(name: str) -> bool:
    """Whether a variable of this name holds a secret, and not the name or the place of one."""
    says = any(word in name.upper() for word in _SECRET_WORDS)
    return says and not any(fnmatchcase(name.upper(), pattern) for pattern in _NO_SECRETS)


class ProviderSources(Struct, frozen=True, kw_only=True):
    """Where providers are installed from. `mirror`: a directory, or an https URL ending in `/`; empty for none.
    `direct`: address patterns that may come from their registries, None for all, empty for none."""

    mirror: str = ""
    direct: tuple[str, ...] | None = None


def granted_variables(
    ours: Mapping[str, str], identity: Identity | None, granted: Mapping[str, str], *, by_hand: bool
) -> dict[str, str]:
    """The variables that a child gets of `ours`: what every program needs; what `identity` names (globs of variables,
    files, the ssh agent); without one, by hand, the clouds' own. `granted` (an assumed role's) come last."""
    patterns = [*ALWAYS, *REACHING]
    if identity is not None:
        patterns += [*identity.variables, *(["SSH_AUTH_SOCK"] if identity.ssh_agent else [])]
    elif by_hand:
        patterns += [*CLOUDS, *INSTALLERS, "SSH_AUTH_SOCK"]
    wanted, refused = _any_of(tuple(patterns)), _any_of(NEVER)
    chosen = {name: value for name, value in ours.items() if wanted.match(name) and not refused.match(name)}
    if identity is not None:
        chosen.update({name: os.path.expanduser(path) for name, path in identity.files.items()})
    elif by_hand and (home := ours.get("HOME")):
        for name, place in CREDENTIAL_FILES.items():
            if name not in chosen and (path := Path(home, place)).exists():
                chosen[name] = str(path)
    return {"PATH": os.defpath, "LANG": "C.UTF-8", **chosen, **granted}


@lru_cache
def _any_of(patterns: tuple[str, ...]) -> re.Pattern[str]:
    """What matches a name that one of the globs does: each target asks for every variable, and there may be many."""
    return re.compile("|".join(map(translate, patterns)))


def engine_variables(scratch: Path, providers: ProviderSources) -> dict[str, str]:
    """What we set for Terraform and OpenTofu, whatever else the child gets. Makes HOME, TMPDIR and the CLI
    configuration in `scratch`."""
    home, temporary, configuration = scratch / "home", scratch / "tmp", scratch / "cli.tfrc"
    for place in (home, temporary):
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not configuration.exists():
        configuration.write_text(cli_configuration(providers))
    return {
        "HOME": str(home),
        "TMPDIR": str(temporary),
        "TF_IN_AUTOMATION": "1",
        "TF_INPUT": "0",
        "CHECKPOINT_DISABLE": "1",
        "TF_CLI_CONFIG_FILE": str(configuration),
        # Measured (40 stacks): garbage collected four times less often is a quarter less wall time.
        "GOGC": "400",
    }


def pulumi_variables(scratch: Path, kept: Path | None) -> dict[str, str]:
    """What we set for Pulumi, whatever else the child gets. Makes HOME, TMPDIR and PULUMI_HOME in `scratch`; plugins
    stay in the directory `kept` where there is one (Pulumi locks each of them)."""
    home, temporary, own = scratch / "home", scratch / "tmp", scratch / "pulumi"
    for place in (home, temporary, own):
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
    plugins = own / "plugins"
    if kept is not None and not plugins.is_symlink():
        kept.mkdir(mode=0o700, parents=True, exist_ok=True)
        plugins.symlink_to(kept, target_is_directory=True)
    return {
        "HOME": str(home),
        "TMPDIR": str(temporary),
        "PULUMI_HOME": str(own),
        "PULUMI_SKIP_UPDATE_CHECK": "1",
        "PULUMI_AUTOMATION_API": "true",
        "PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS": "1",  # every version of it is kept by us
    }


def cli_configuration(providers: ProviderSources) -> str:
    """The CLI configuration. Its `provider_installation` is explicit, or a stack's own `terraform.d` would count."""
    methods = []
    if providers.mirror:
        remote = providers.mirror.startswith(("https://", "http://"))
        kind, key = ("network_mirror", "url") if remote else ("filesystem_mirror", "path")
        methods.append(f"  {kind} {{\n    {key} = {_quoted(providers.mirror)}\n  }}\n")
    if providers.direct is None:
        methods.append("  direct {}\n")
    elif providers.direct:
        patterns = ", ".join(map(_quoted, providers.direct))
        methods.append(f"  direct {{\n    include = [{patterns}]\n  }}\n")
    return f"disable_checkpoint = true\n\nprovider_installation {{\n{''.join(methods)}}}\n"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("${", "$${").replace("%{", "%%{")
