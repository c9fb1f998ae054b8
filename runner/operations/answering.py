"""Answers to comments that ask for something: one to each, however often the job runs."""

from __future__ import annotations

from runner.forge import Forge
from runner.model.pull_request import Comment
from runner.report.markdown_parts import TAB, joined, words
from runner.report.safe_text import code_block, one_line


def answer(forge: Forge, number: int, asked: str, because: str, line: str = "") -> Comment:
    """Answers the comment `asked` (an id) on a pull request: `because` in foreign words, and the `line` to copy, if
    there is one. NoAnswer, Denied."""
    mark = f"<!--{TAB}gitops-runner{TAB}answer{TAB}{one_line(asked)}{TAB}-->"
    text = joined((mark, words(because), code_block(line) if line else ""))
    told = forge.own_comment(number, mark)
    if told is None:
        return forge.write_comment(number, text)
    return told if told.body.strip() == text.strip() else forge.edit_comment(number, told, text)
