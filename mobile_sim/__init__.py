"""The phone without a screen: presses, retries, tells the truth, measures.

from presslight.mobile_sim.phone import Phone

async with Phone("http://localhost:8787", token) as phone:
    journey = await phone.press("kitchen", state="ON")
    print(journey.status, journey.total_ms, journey.press_to_light_ms, journey.error_ms)
"""

if __name__ != "presslight.mobile_sim":
    raise ImportError("this is presslight.mobile_sim: a second copy of it would have a state of its own")
