"""Facts of code by blob id: what an HCL file declares and refers to (tree-sitter). Plain facts for `decisions`.

Refuses to decide what they mean.
"""
