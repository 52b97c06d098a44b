"""The firmware's main.py with something odd in it."""

import textwrap
from pathlib import Path

from presslight.simulated.simulated_light import FIRMWARE

START = "    main(settings, board, flash, dog)\n"


def written(folder: Path, program: str, *, watchdog_ms: int = 30_000) -> Path:
    """A main.py that runs this program once all of the firmware is loaded, and before the light starts."""
    text = (FIRMWARE / "main.py").read_text()
    assert START in text
    assert "timeout=30_000" in text
    odd = text.replace(START, textwrap.indent(textwrap.dedent(program), "    ") + START)
    script = folder / "main.py"
    script.write_text(odd.replace("timeout=30_000", f"timeout={watchdog_ms}"))
    return script
