"""What a file seems to name, at a glance: enough to rule out most of a repository before anything is parsed."""

from __future__ import annotations

import re

from msgspec import Struct

_ODD_LETTER = re.compile(r'["$%*?\[{\s]')


def spelled(name: str) -> frozenset[str]:
    """The `words` by which a path that ends in `name` is found."""
    return frozenset((name, _ODD_LETTER.split(name, maxsplit=1)[0]))


class Mentions(Struct, frozen=True, kw_only=True):
    """Of one file, or of all code of a directory.

    `sources`: relative directories that it may call as modules, as written; `templates`: last names of templates that
    it may fill in; `words`: what literal paths in it end in, up to the first letter that is no plain part of a name;
    `through`: names inside of them, where these were looked for; `odd`: it may name paths that a glance cannot tell;
    `placed`: its locals may hold paths, `glued`: a local is made a part of a longer text. `remote_state`, `backend`:
    the words stand in it. `tofu`: some of it is for OpenTofu alone.
    """

    sources: frozenset[str] = frozenset()
    templates: frozenset[str] = frozenset()
    words: frozenset[str] = frozenset()
    through: frozenset[str] = frozenset()
    odd: bool = False
    placed: bool = False
    glued: bool = False
    remote_state: bool = False
    backend: bool = False
    tofu: bool = False

    @property
    def doubtful(self) -> bool:
        """Whether it must be parsed to know which paths it names."""
        return self.odd or (self.placed and self.glued)

    def __or__(self, other: Mentions) -> Mentions:
        if other is NOTHING:
            return self
        return Mentions(
            sources=self.sources | other.sources,
            templates=self.templates | other.templates,
            words=self.words | other.words,
            through=self.through | other.through,
            odd=self.odd or other.odd,
            placed=self.placed or other.placed,
            glued=self.glued or other.glued,
            remote_state=self.remote_state or other.remote_state,
            backend=self.backend or other.backend,
            tofu=self.tofu or other.tofu,
        )


NOTHING = Mentions()
"""What most files name."""
