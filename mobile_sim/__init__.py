"""The phone without a screen: presses, retries, tells the truth, measures.

async with Phone("http://localhost:8080", token) as phone:
    journey = await phone.press("kitchen", state="ON")
    print(journey.word, journey.total_ms, journey.press_to_light_ms, journey.error_ms)
"""

from mobile_sim.errors import JournalBroken, PhoneError, TooManyOpen, TurnedAway, UnknownLight, Unreachable
from mobile_sim.events import Said
from mobile_sim.journey import Journey
from mobile_sim.phone import Phone
from mobile_sim.screen import Light

__all__ = [
    "JournalBroken",
    "Journey",
    "Light",
    "Phone",
    "PhoneError",
    "Said",
    "TooManyOpen",
    "TurnedAway",
    "UnknownLight",
    "Unreachable",
]
