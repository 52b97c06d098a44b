"""Report and discovery message of a light, as JSON; the report is written into a page that is used again."""

from lamp import VERSION
from lamp.gate import OUTCOMES
from lamp.output import TRAIT

TYPE_CHECKING = False  # MicroPython evaluates no annotation, and has no `typing`
if TYPE_CHECKING:
    from lamp.light import Light
    from lamp.packet import Outbox

MAX_BYTES = 1_360  # the contract allows 2,048; the largest numbers and names of ours make 1,343
USUAL_OUTCOMES = 4


def write_report(
    page: "Outbox", light: "Light", up: int, heap: int, source: str = "", is_degraded: bool = False
) -> None:
    """Write the report of a light at clock `up`, with all answers that no report has brought, as far as remembered.

    `source`: of its date, where it has one and there is time to say so. `is_degraded`: so is its flash.
    """
    gate = light.gate
    is_on, brightness = light.output
    page.text(
        '{"state":"%s","brightness":%d,"color_mode":"brightness","v":1,"boot":"%s","up":%d,"version":[%d,%d],'
        % ("ON" if is_on else "OFF", brightness, gate.boot, up, light.epoch, light.seq)
    )
    page.text('"cause":{"by":"%s","up":%d' % (light.changed_by, light.changed_at))
    if light.changed_by == "press":
        page.text(',"key":"%s-%d"' % (light.origin, light.number))
    page.text('},"decided":%d,"outcomes":[' % gate.decided)
    comma = ""
    for origin, number, outcome, seq, us in gate.decisions[-max(USUAL_OUTCOMES, gate.decided - gate.told) :]:
        page.text(comma)
        page.text(
            '{"key":"%s-%d","outcome":"%s","version":[%d,%d],"us":%d}'
            % (origin, number, OUTCOMES[outcome], light.epoch, seq, us)
        )
        comma = ","
    gate.told = gate.decided
    if source:
        source = ',"date":"%s"' % source
    if is_degraded:
        source += ',"degraded":"flash"'
    dropped = light.dropped
    page.text(
        '],"traits":["%s"],"heap":%d,"dropped":{"malformed":%d,"invalid":%d,"too_large":%d,"retained":%d},"fw":"%s"%s}'
        % (TRAIT, heap, dropped[0], dropped[1], dropped[2], dropped[3], VERSION, source)
    )


def discovery(name: str, number: str) -> str:
    """Give the device-based discovery message of a light, for Home Assistant.

    `number`: the chip's own, in hex, by which it stays the same device under another name.
    """
    return (
        '{"dev":{"ids":["presslight-%s"],"name":"%s","mf":"presslight","mdl":"lamp","sw":"%s"},'
        '"o":{"name":"presslight","sw":"%s"},"cmps":{"%s":{"p":"light","schema":"json","uniq_id":"presslight-%s","name":null,'
        '"brightness":true,"sup_clrm":["brightness"],"flash":false,"transition":false}},"cmd_t":"presslight/light/%s/set",'
        '"stat_t":"presslight/light/%s/state","avty_t":"presslight/light/%s/availability"}'
    ) % (number, name, VERSION, VERSION, name, number, name, name, name)
