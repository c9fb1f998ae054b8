"""What the files are called that engines read."""

from __future__ import annotations

TERRAFORM_CODE = (".tf", ".tf.json")
OPENTOFU_CODE = (".tofu", ".tofu.json")
CODE = (*TERRAFORM_CODE, *OPENTOFU_CODE)
"""How names of code end. OpenTofu reads both, Terraform its own."""
VALUES = (".tfvars", ".tfvars.json")
"""How names of files with values of variables end."""
LOCK_FILE = ".terraform.lock.hcl"
VERSION_FILES = (".terraform-version", ".opentofu-version", ".tool-versions")
"""They choose the engine's version, or the engine."""
PROJECT_FILES = ("Pulumi.yaml", "Pulumi.yml", "Pulumi.json")
"""A project of Pulumi; the CLI takes the first that it knows."""
