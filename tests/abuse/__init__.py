"""What a hostile tree, name or value could do: looked for in refs, files and argument lists, not in messages."""
