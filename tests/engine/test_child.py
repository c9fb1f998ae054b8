"""What a child may see."""

from __future__ import annotations

from pathlib import Path

from runner.engine.child import (
    ProviderSources,
    cli_configuration,
    engine_variables,
    granted_variables,
    is_secret_name,
)
from runner.model.environment import Identity

OURS = {
    "PATH": "/bin",
    "LANG": "de_DE.UTF-8",
    "HOME": "/nowhere",
    "AWS_ACCESS_KEY_ID": "A",
    "AWS_PROFILE": "p",
    "GITHUB_TOKEN": "t",
    "GITOPS_RUNNER_KEY": "k",
    "HTTPS_PROXY": "http://proxy",
    "SSL_CERT_FILE": "/ca.pem",
    "TF_VAR_x": "1",
    "TF_CLI_ARGS_plan": "-destroy",
    "TF_LOG": "trace",
    "TF_DATA_DIR": "/else",
    "TF_TOKEN_acme": "tok",
    "SSH_AUTH_SOCK": "/agent",
    "DB_PASSWORD": "pw",
}
NEEDED = {"PATH": "/bin", "LANG": "de_DE.UTF-8", "HTTPS_PROXY": "http://proxy", "SSL_CERT_FILE": "/ca.pem"}


def test_without_a_grant_a_child_gets_what_every_program_needs() -> None:
    assert granted_variables(OURS, None, {}, by_hand=False) == NEEDED


def test_by_hand_the_clouds_own_variables_and_files_are_there(tmp_path: Path) -> None:
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "credentials").touch()
    found = granted_variables({**OURS, "HOME": str(tmp_path)}, None, {}, by_hand=True)
    assert found == {
        **NEEDED,
        "AWS_ACCESS_KEY_ID": "A",
        "AWS_PROFILE": "p",
        "TF_TOKEN_acme": "tok",
        "SSH_AUTH_SOCK": "/agent",
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / ".aws/credentials"),
    }


def test_secrets_are_known_by_their_variables_names() -> None:
    secret = (
        "AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN TF_TOKEN_acme ARM_CLIENT_SECRET PGPASSWORD ARM_ACCESS_KEY"
    )
    plain = "AWS_ACCESS_KEY_ID AWS_PROFILE PGHOST AWS_SHARED_CREDENTIALS_FILE AWS_WEB_IDENTITY_TOKEN_FILE"
    assert [name for name in f"{secret} {plain}".split() if is_secret_name(name)] == secret.split()


def test_an_identity_names_all_there_is() -> None:
    identity = Identity(variables=("DB_*", "TF_*", "GITOPS_*"), files={"KUBECONFIG": "/kube"})
    found = granted_variables(OURS, identity, {"AWS_SESSION_TOKEN": "assumed"}, by_hand=True)
    assert found == {
        **NEEDED,
        "DB_PASSWORD": "pw",
        "TF_TOKEN_acme": "tok",
        "KUBECONFIG": "/kube",
        "AWS_SESSION_TOKEN": "assumed",
    }


def test_provider_installation_is_always_explicit() -> None:
    for sources in (ProviderSources(), ProviderSources(mirror="/mirror", direct=())):
        assert "provider_installation {" in cli_configuration(sources)
    assert "direct {}" in cli_configuration(ProviderSources())
    assert "direct" not in cli_configuration(ProviderSources(mirror="/mirror", direct=()))
    assert 'path = "/mi${rror\\""' not in cli_configuration(ProviderSources(mirror='/mi${rror"'))
    network = cli_configuration(ProviderSources(mirror="https://mirror.acme.dev/", direct=("*/*",)))
    assert 'url = "https://mirror.acme.dev/"' in network
    assert 'include = ["*/*"]' in network


def test_home_is_empty_and_ours(tmp_path: Path) -> None:
    found = engine_variables(tmp_path, ProviderSources())
    assert not list(Path(found["HOME"]).iterdir())
    assert Path(found["HOME"]).stat().st_mode & 0o077 == 0
    assert Path(found["TF_CLI_CONFIG_FILE"]).is_file()
