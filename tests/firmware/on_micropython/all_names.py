"""How many names MicroPython knows once the whole light is loaded; with what stands in for the chip."""
# mypy: ignore-errors

import micropython

import lamp.date
import lamp.resolver
import lamp.secure
import lamp.session  # noqa: F401 -- it is loaded, and that is all
from lamp.app import main  # noqa: F401 -- as above

micropython.qstr_info()
