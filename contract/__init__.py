"""The wire: what phones, bridge, broker and lights say to each other, stated once.

Every other part imports from here; this package imports only pydantic and the standard library.
`docs/protocol.md` tells the same story in prose; `python -m presslight.contract.export` writes it as JSON Schema and
AsyncAPI 3.
"""

if __name__ != "presslight.contract":
    raise ImportError("this is presslight.contract: a second copy of it would have a state of its own")
