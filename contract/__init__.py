"""The wire: what phones, bridge, broker and lights say to each other, stated once.

Every other part imports from here; this package imports only pydantic and the standard library.
`docs/protocol.md` tells the same story in prose; `python -m contract.export` writes it as JSON Schema and AsyncAPI 3.
"""
