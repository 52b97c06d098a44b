"""What a light is told, as MicroPython reads it with the firmware's own reader."""

import json
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import SecretStr

from presslight.contract.address import BrokerAddress
from presslight.flashing.flash_plan import FIRMWARE
from presslight.light_settings import SETTINGS, set_up_before, setup_files
from presslight.micropython import Command

READ = """
import os, sys
from binascii import hexlify
sys.path.insert(0, sys.argv[1])
from lamp.settings import load, pin
for number in range(int(sys.argv[2])):
    os.chdir(sys.argv[3] + "/" + str(number))
    found = load()
    texts = (found.name, found.host, found.user, found.password, found.ssid, found.wifi_password)
    numbers = [found.port, found.has_tls, pin("lamp", 2), pin("button", 0)]
    print(*(["." + hexlify(text.encode()).decode() for text in texts] + numbers))
"""

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=32)
SETTING = st.fixed_dictionaries(
    {
        "host": TEXT.filter(len),
        "port": st.integers(1, 65_535),
        "password": st.none() | TEXT,
        "ssid": TEXT,
        "passphrase": TEXT,
        "pins": st.tuples(st.integers(0, 48), st.integers(0, 48)),
    }
)


def plain(**more: Any) -> dict[str, Any]:
    return {"host": "broker", "port": 1883, "password": "", "ssid": "", "passphrase": "", "pins": (2, 0), **more}


def files(setting: dict[str, Any]) -> dict[str, str]:
    password = None if setting["password"] is None else SecretStr(setting["password"])
    address = BrokerAddress(host=setting["host"], port=setting["port"], username="hall", password=password)
    wifi = {"ssid": setting["ssid"], "password": setting["passphrase"]}
    return setup_files("hall", address, wifi=wifi, pins=dict(zip(("lamp", "button"), setting["pins"], strict=True)))


def told(setting: dict[str, Any]) -> str:
    texts = "hall", setting["host"], "hall", setting["password"] or "", setting["ssid"], setting["passphrase"]
    hexadecimal = ["." + text.encode().hex() for text in texts]
    return " ".join([*hexadecimal, str(setting["port"]), "False", *map(str, setting["pins"])])


def read(micropython: Command, settings: list[str]) -> list[str]:
    with TemporaryDirectory() as folder:
        for number, text in enumerate(settings):
            (Path(folder) / str(number)).mkdir()
            (Path(folder) / str(number) / SETTINGS).write_text(text, encoding="utf-8")
        command = [*micropython, "-c", READ, str(FIRMWARE), str(len(settings)), folder]
        return subprocess.run(
            command, stdout=subprocess.PIPE, text=True, encoding="utf-8", check=True
        ).stdout.splitlines()


@given(settings=st.lists(SETTING, min_size=1, max_size=8))
@example(settings=[plain(password="🏠"), plain(ssid="Café 🏠", passphrase='\\ud83c\x00\x1f\x7f"\\/\u2028')])
def test_each_setting_is_read_as_it_was_given(micropython: Command, settings: list[dict[str, Any]]) -> None:
    assert read(micropython, [files(each)[SETTINGS] for each in settings]) == [told(each) for each in settings]


def test_settings_of_an_older_day_keep_their_letters(micropython: Command, tmp_path: Path) -> None:
    setting = files(plain(password="🏠"))
    (tmp_path / SETTINGS).write_text(json.dumps({"name": "hall", "flashed": 7}))
    again = set_up_before(setting, tmp_path)
    assert json.loads(again[SETTINGS])["flashed"] == 7
    assert read(micropython, [again[SETTINGS]]) == read(micropython, [setting[SETTINGS]])
