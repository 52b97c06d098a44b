"""The phone without a screen: presses, retries, tells the truth, measures.

from mobile_sim.phone import Phone

async with Phone("http://localhost:8787", token) as phone:
    journey = await phone.press("kitchen", state="ON")
    print(journey.word, journey.total_ms, journey.press_to_light_ms, journey.error_ms)
"""
