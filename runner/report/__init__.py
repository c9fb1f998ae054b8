"""Facts to words: terminal, CI log, markdown, JSON lines. Folds of the same happenings.

What is returned is text, or lines of marked pieces that `report.styled` spells out for a sink; foreign text is made
safe there and in `report.safe_text`, nowhere else. Refuses to print, to ask, and to know what a verb is for.
"""
