"""Damage by chance, the same for the same seed."""

from random import Random

MOST_BYTES = 20_000


def spoilt(good: bytes, others: list[bytes], luck: Random, most: int = MOST_BYTES) -> bytes:
    """Something like it of at most so many bytes that is not good, or still is."""
    made = bytearray(good)
    for _ in range(luck.randrange(4)):
        at = luck.randrange(len(made) + 1)
        match luck.randrange(6):
            case 0 if made:
                made[at % len(made)] ^= 1 << luck.randrange(8)
            case 1:
                del made[at:]
            case 2:
                made[at:at] = luck.randbytes(luck.randrange(1, 40))
            case 3:
                made += made[: most - len(made)]
            case 4:
                made[at:at] = luck.choice(others)
            case _:
                del made[at : at + luck.randrange(1, 9)]
    return bytes(made[:most])
