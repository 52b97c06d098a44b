"""Tell how many bytes of the heap each module takes for good that is named before `-`, then be the light.

A module takes what it adds to the live heap, its names too, once all that it imports is there. The word `quit` has it
tell of what has come since, and then of the modules that are named after `-`.
"""
# mypy: ignore-errors

import gc
import sys

import micropython

micropython.opt_level(3)  # as main.py does, before it imports anything of ours
last = 0


def tell(name: str) -> None:
    """Tell by how much the live heap has grown since the last time."""
    global last  # noqa: PLW0603 -- an object to hold it would count
    gc.collect()
    live = gc.mem_alloc()
    micropython.qstr_info()
    print("footprint", name, live - last)  # noqa: T201 -- its one output
    last = live


def main(settings: object, board: object, flash: object, dog: object) -> None:
    """Tell of the first stage, and go on."""
    tell("main")
    be_a_light(settings, board, flash, dog)


def start(self: object, dog: object) -> None:
    """Tell of the light that was made, and go on."""
    tell("light")
    start_tasks(self, dog)


def take_down() -> None:
    """Tell of the tasks, and of what the start lets go."""
    tell("tasks")
    let_go.pop()()
    tell("taken-down")


def tell_all(names: "list[str]") -> None:
    """Import modules one after the other, and tell of each."""
    for name in names:
        module = __import__(name)
        tell(name)
        if name == "lamp.settings":  # main.py lets go of it: its names stay
            del module.settings, sys.modules[name], module
            tell(name)


def finish() -> None:
    """Tell of all that is left, and end."""
    tell("presses")
    tell_all(sys.argv[start_of_late + 1 :])
    sys.exit()


start_of_late = sys.argv.index("-")
tell("script")
tell_all(sys.argv[1:start_of_late])

import channel  # noqa: E402 -- its footprint has been told

import lamp.app  # noqa: E402 -- as above

channel.on("quit", finish)
be_a_light, lamp.app.main = lamp.app.main, main
start_tasks, lamp.app.App.start = lamp.app.App.start, start
tell("script")
let_go = [lamp.scaffold.take_down]
lamp.scaffold.take_down = take_down
tell("script")
__import__("main")
