"""Facts of code by blob id: what an HCL file declares and refers to (tree-sitter), what a program imports and reads.

Plain facts for `decisions`. Refuses to decide what they mean: a path in an expression is kept as it is written, in
symbols where it is computed.
"""
