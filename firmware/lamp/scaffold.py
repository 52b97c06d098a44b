"""Code that only a start needs: constructors of single objects, and the reading of the flash.

Once the light has started it is let go, and so is this module. That gives 2.5 kB of the heap back.
"""

import sys

import lamp

ONCE = """
announcement.Announcement.__init__ board.Board.__init__ clock.Clock.__init__ command.Command.__init__
flash.Flash.__init__ gate.Gate.__init__ light.Light.__init__ link.Link.__init__
memory.Memory.__init__ packet.Outbox.__init__ packet.Inbox.__init__ plain.Plain.__init__ session.Session.__init__
table.Table.__init__ wifi.Wifi.__init__ wifi.Wifi.start wire.Wire.__init__ app.App.__init__ app.App.start
app._boot_id button.Button.__init__ board.Board.connect board.Board._light board.Board._listen
memory.Memory.next_epoch memory.Memory.start
record.decode record.newest record.next_epoch record.update
"""
"""Each is called at the start and never again."""


def take_down() -> None:
    """Let go of all of ONCE. None takes its place, as a class keeps the value of what is deleted."""
    for path in ONCE.split():
        *owners, name = path.split(".")
        owner = lamp
        for each in owners:
            owner = getattr(owner, each)
        setattr(owner, name, None)
    del lamp.scaffold, sys.modules["lamp.scaffold"]
