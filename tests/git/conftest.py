from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.git.clones import Remote


@pytest.fixture
def remote(tmp_path: Path) -> Iterator[Remote]:
    """A bare remote; its clones are closed at the end."""
    made = Remote(tmp_path)
    yield made
    made.close()
