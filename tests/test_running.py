"""docs/running.md, pasted block by block into a machine of its own."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.machine import ROOT, Plan

pytestmark = pytest.mark.timeout(1_000)

PAGE = (ROOT / "docs/running.md").read_text()
TLS, BRIDGES, REMOVAL = "With TLS", "More than one bridge", "Taking a light away"
PASTED = ("Running it for real", "1. Accounts", "2. The broker", TLS, "3. The bridge", BRIDGES, REMOVAL)
ELSEWHERE = {
    "4. A light on an ESP32": "presslight/verbs/test_flash.py",
    "5. Home Assistant": "presslight/test_up_lan.py",  # the rights for a broker of one's own: broker/test_mosquitto.py
    "6. Docker": "compose/trial.py",
}
"""Sections whose blocks are run by other tests, below tests/. A new section with blocks goes here or into PASTED."""

NEEDS_NETWORK = re.compile(r"^sudo (make install|python3 -m pip .*)$", re.MULTILINE)
WAIT_S = 900
"""Over what any of it takes: seconds on a quiet machine, a minute or two to install, minutes on one that is busy."""
NAMESPACES = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--ipc", "--"]

PRESS = """
for unit in mosquitto presslight; do echo "$unit runs as $(stat -c %U /proc/$(cat /run/stand-in/$unit.pid))"; done
presslight light --name kitchen --broker @secrets/kitchen.url {options} >/run/light.log &
grep -qm 1 'link up' <(tail -F --pid $! /run/light.log)
token=$(sudo -u presslight {token})
presslight measure --url http://127.0.0.1:8787 --token "$token" --presses 10 --rate 20 --budget 60s
"""

SIGN_IN = """
/opt/presslight/bin/python - /run/kitchen.url <<'END'
import asyncio, sys
import aiomqtt
from presslight.address import read_address

async def sign_in():
    at = read_address("@" + sys.argv[1])
    user = dict(username=at.username, password=at.password.get_secret_value())
    try:
        async with aiomqtt.Client(at.host, at.port, **user, tls_params=aiomqtt.TLSParameters("tls/ca.crt")):
            print("kitchen signs in")
    except aiomqtt.MqttError as error:
        print("kitchen is refused:", error)

asyncio.run(sign_in())
END
"""
"""With the password that it had once. It is another connection of the light, so it takes the place of the one there."""

UNIT = "presslight.service"
PLAIN = (PASTED[0], "1. Accounts", "2. The broker", "3. The bridge")
TOKEN = "presslight token --state /var/lib/presslight"


def sections() -> dict[str, list[str]]:
    """The blocks of each section, by its heading."""
    found: dict[str, list[str]] = {}
    for part in re.split(r"^#+ ", PAGE, flags=re.MULTILINE)[1:]:
        found[part.splitlines()[0]] = re.findall(r"^```\w*\n(.*?)^```$", part, re.MULTILINE | re.DOTALL)
    return found


def test_every_block_is_pasted_here_or_run_elsewhere() -> None:
    with_blocks = {heading for heading, blocks in sections().items() if blocks}
    assert with_blocks <= {*PASTED, *ELSEWHERE}
    assert set(PASTED) <= with_blocks
    for test in ELSEWHERE.values():
        assert (ROOT / "tests" / test).exists()


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    if os.geteuid() or subprocess.run([*NAMESPACES, "true"], check=False, capture_output=True).returncode:
        pytest.skip("docs/running.md is pasted as root only, where namespaces may be made")
    yield tmp_path
    assert list(tmp_path.iterdir()) == []


def paste(folder: Path, *headings: str, more: tuple[str, ...] = (), installs: bool = False) -> str:
    """Paste the blocks below these headings, then `more`; gives all that was printed."""
    blocks = [block for heading in headings for block in sections()[heading]]
    network = [line[0] for block in blocks for line in NEEDS_NETWORK.finditer(block)]
    plan = Plan(
        network=network if installs else [], blocks=[*(NEEDS_NETWORK.sub("", block) for block in blocks), *more]
    )
    done = subprocess.run(
        [*NAMESPACES, sys.executable, "-m", "tests.machine", str(folder)],
        cwd=ROOT, input=json.dumps(plan), check=False, capture_output=True, text=True, timeout=WAIT_S,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def judge(printed: str) -> None:
    """Everything worked, as the users that it should, and presses reached the light."""
    assert "mosquitto runs as mosquitto\npresslight runs as presslight\n" in printed
    assert '{"ready":true}' in printed
    assert re.search(r"^[\w-]{43}$", printed, re.MULTILINE), "no token was printed"
    assert "10 of 10 presses were applied" in printed


def test_what_is_pasted_for_tls_works(folder: Path) -> None:
    press = PRESS.format(options="--ca-file tls/ca.crt", token=TOKEN)
    removed = ("cp secrets/kitchen.url /run", SIGN_IN, *sections()[REMOVAL], SIGN_IN)
    printed = paste(folder, PASTED[0], TLS, "3. The bridge", more=("cat secrets/bridge.url", press, *removed))
    judge(printed)
    assert "@broker.example:8883" in printed
    assert printed.count("kitchen signs in\n") == 1
    assert "kitchen is forgotten\n" in printed
    assert re.search("kitchen is refused:.*[Nn]ot authori[sz]ed", printed.split("kitchen is forgotten")[1])


def test_what_is_pasted_on_debian_works_for_one_bridge_and_for_several(folder: Path) -> None:
    shared = """bash -c 'set -a; source /etc/presslight/bridge.env; presslight token'"""
    used = """sudo -u postgres psql --tuples-only --command 'SELECT count(*) FROM presses' house"""
    printed = paste(folder, *PLAIN, BRIDGES, more=(PRESS.format(options="", token=shared), used))
    judge(printed)
    assert re.search(r"^ +[1-9][0-9]$", printed, re.MULTILINE), "the presses are not in the database"


def test_what_is_killed_in_the_machine_leaves_no_file_on_this_one(folder: Path) -> None:
    made = [Path(place) / f"presslight-{uuid4()}" for place in ("/tmp", "/var/tmp", "/dev/shm", Path.home())]
    written = [f"setpriv --reuid nobody mkdir {path}" for path in made[:3]] + [f"mkdir {made[3]}"]
    paste(folder, more=(*written, "ls -d " + " ".join(map(str, made))))
    assert [path for path in made if path.exists()] == []


@pytest.mark.nightly
def test_what_is_pasted_on_debian_installs_and_works(folder: Path) -> None:
    judge(paste(folder, *PLAIN, more=(PRESS.format(options="", token=TOKEN),), installs=True))


def test_unit_is_what_systemd_takes_and_leaves_little_to_attack(tmp_path: Path) -> None:
    tool = shutil.which("systemd-analyze")
    if tool is None:
        pytest.skip("systemd-analyze is not on this machine")
    unit = tmp_path / "presslight.service"
    unit.write_text(re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", (ROOT / UNIT).read_text(), flags=re.MULTILINE))
    verified = subprocess.run([tool, "verify", str(unit)], check=False, capture_output=True, text=True, timeout=WAIT_S)
    assert (verified.returncode, verified.stderr) == (0, "")
    words = [tool, "security", "--offline=true", "--threshold=20", str(unit)]
    judged = subprocess.run(words, check=False, capture_output=True, text=True, timeout=WAIT_S)
    assert judged.returncode == 0, judged.stdout
