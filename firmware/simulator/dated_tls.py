"""Stand-in for the unix port: do not upload. The chip's `tls`, which judges certificates by the chip's date.

mbedTLS of the unix port goes by this machine's date, so here a certificate has to be valid by both.

It has what the firmware uses and no more: what is here takes room in the firmware's heap, where the chip has it in ROM.
"""

# ruff: noqa: ARG001, D103 - the chip's own names and arguments, which its documentation explains

import sys
import time

import tls as port
from machine import RTC
from tls import CERT_REQUIRED, PROTOCOL_TLS_CLIENT  # noqa: F401 -- the firmware's


def SSLContext(kind: int) -> port.SSLContext:  # noqa: N802 -- the chip's name
    context = port.SSLContext(kind)
    context.verify_callback = judge
    return context


def judge(certificate: bytes, place: int) -> int:
    """Raise in the middle of the handshake what mbedTLS says where a certificate is not valid now."""
    text = bytes(certificate)
    at = text.find(b"\x30\x1e\x17\x0d") + 4  # two UTCTimes, YYMMDDhhmmssZ; what ends after 2049 has others
    now = (b"%02d" * 6 % time.gmtime(time.time() + RTC.date)[:6])[2:]
    if at > 4 and now < text[at : at + 12]:
        raise ValueError("The certificate validity starts in the future\n")
    if at > 4 and text[at + 15 : at + 27] < now:
        raise ValueError("The certificate validity has expired\n")
    return 0


if not hasattr(RTC, "date"):  # nobody has set it: at each boot it begins in the year 2000
    RTC.date = 946_684_800 - time.time()
sys.modules["tls"] = sys.modules["dated_tls"]
