"""What the firmware's rules do step by step, on whichever interpreter runs this file.

Each scenario takes a list of steps and gives what was seen after each, all of it as JSON has it; bytes travel as hex.
Run as a script it reads one `[scenario, steps]` a line and writes one line of what was seen.
"""

# ruff: noqa: ANN001, ANN201, ANN202 -- MicroPython has no typing, and what is JSON here has no narrower type
# mypy: ignore-errors

import json
import sys
from binascii import hexlify, unhexlify

from lamp import dns, light, output, record, report
from lamp.button import Button
from lamp.clock import Clock
from lamp.command import VALID, Command
from lamp.gate import OUTCOMES
from lamp.light import Light
from lamp.link import Link
from lamp.packet import PUBLISH, Inbox, Outbox

BOOT = "b007b007"
EPOCH = 3


def button(steps):
    """See what each [is_down, ms] is: [a press, settled, settles in]."""
    subject = Button(False)
    return [[subject.sample(*step), subject.is_settled(), subject.settles_in(step[1])] for step in steps]


def clock(steps):
    """See `up` at each count of ms."""
    subject = Clock(steps[0])
    return [subject.up(step) for step in steps]


def command(steps):
    """See how each payload is judged: [verdict, origin, number] and, where it is valid, the other fields."""
    subject = Command()
    seen = []
    for step in steps:
        payload = b"##" + unhexlify(step) + b"##"
        verdict = subject.read(memoryview(payload), 2, len(payload) - 2)
        fields = [subject.is_on, subject.brightness] if verdict == VALID else []
        promises = [subject.boot, subject.until, subject.if_ver] if fields and subject.origin else []
        head = [verdict, subject.origin, subject.number]
        seen.append(head + fields + promises)
    return seen


def duties(steps):
    """See the duty of each [is_on, brightness]."""
    return [output.duty(*step) for step in steps]


def lamp(steps):
    """See the light after each [up, payload] or "button": [act, on, brightness, seq, decided, [key, outcome, seq]…]."""
    subject = new_lamp()
    return [obey(subject, step) for step in steps]


def new_lamp():
    """Make the light that the scenarios start with: off, at full brightness."""
    return Light(BOOT, EPOCH, output.NEW)


def obey(subject, step):
    """Take one step of `lamp`."""
    heard = Command()
    act = None
    if step == "button":
        subject.on_event(light.BUTTON, heard, 3)
    else:
        payload = step[1].encode()
        act = subject.on_event(heard.read(memoryview(payload), 0, len(payload)), heard, step[0])
        if act == light.SHINE:
            subject.took(heard, 7)
    gate = subject.gate
    answers = [[f"{d[0]}-{d[1]}", OUTCOMES[d[2]], d[3]] for d in gate.decisions]
    return [act, subject.output[0], subject.output[1], subject.seq, gate.decided, answers]


def reports(steps):
    """See the report after each step of `lamp`, all told as if at clock 5 and with a heap of 6."""
    subject = new_lamp()
    page = Outbox(2_048)
    seen = []
    for step in steps:
        obey(subject, step)
        page.clear()
        subject.gate.told = 0
        report.write_report(page, subject, 5, 6)
        seen.append(str(page.waiting(), "ascii"))
    return seen


def discoveries(steps):
    """See the discovery message of a light of each [name, chip]."""
    return [report.discovery(*step) for step in steps]


def inbox(steps):
    """See the packets found after each chunk that follows the length of the buffer; the first bad one ends it."""
    subject = Inbox(steps[0])
    seen = []
    for step in steps[1:]:
        found = []
        seen.append(found)
        try:
            _feed(subject, unhexlify(step), found)
        except OSError:
            found.append("bad")
            break
    return seen


def _feed(subject, chunk, found):
    while chunk:
        room = subject.room()
        count = min(len(room), len(chunk))
        room[:count] = chunk[:count]
        subject.grow(count)
        chunk = chunk[count:]
        while subject.next():
            found.append(_packet(subject))


def _packet(subject):
    if subject.kind != PUBLISH:
        return [subject.kind]
    topic = bytes(subject.view[subject.topic : subject.topic_end])
    message = bytes(subject.view[subject.start : subject.end])
    return [PUBLISH, subject.id, subject.is_retained, str(topic, "ascii"), hexlify(message).decode()]


def outbox(steps):
    """See what waits after each call [method, argument, …] of an outbox of 256 bytes, and what the call gave."""
    subject = Outbox(256)
    return [[getattr(subject, name)(*arguments), hexlify(subject.waiting()).decode()] for name, *arguments in steps]


def link(steps):
    """See what the link wants after each [event, ms, chance]: [action, state, due in]."""
    subject = Link(0)
    return [[subject.on_event(*step), subject.state, subject.due_in(step[1])] for step in steps]


def names(steps):
    """See what each [name, answer to it] gives: what was asked, and its addresses or what the name server says."""
    seen = []
    for name, datagram in steps:
        asked, found = b"", None
        try:
            asked = dns.packet(name, b"MN")
            found = list(dns.answer(unhexlify(datagram), asked))
        except OSError as error:
            found = str(error)
        seen.append([hexlify(asked).decode(), found])
    return seen


def records(steps):
    """See each record as bytes and as read back from them."""
    seen = []
    for step in steps:
        place = record.encode(*step[:2], tuple(step[2]), step[3])
        first, second, shown, failures, behind = record.decode(place)
        seen.append([hexlify(place).decode(), [first, second, shown, failures, hexlify(behind).decode()]])
    return seen


def main():
    """Run what stdin asks for."""
    for line in sys.stdin:
        name, steps = json.loads(line)
        sys.stdout.write(json.dumps(globals()[name](steps)) + "\n")


if __name__ == "__main__":
    main()
