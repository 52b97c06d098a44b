"""What of the rig can be wrong without a Home Assistant to tell."""

import asyncio
import json
from pathlib import Path
from typing import Any

import aiomqtt
import pytest

from presslight.broker.accounts import Accounts
from presslight.broker.embedded.broker import EmbeddedBroker
from presslight.contract.topics import DISCOVERY, HOME_ASSISTANT_USER
from presslight.simulated.simulated_light import SimulatedLight
from tests.homeassistant.client import WAIT_S, filled_in
from tests.homeassistant.debian_root import DebianRoot
from tests.homeassistant.pip_settings import environment, paths, variables
from tests.homeassistant.releases import requirements
from tests.homeassistant.test_figures import QOS_1


def test_pips_settings_become_variables() -> None:
    listed = """
:env:.timeout='180'
download.dest='/elsewhere'
global.index-url='file:///srv/index/simple'
global.find-links='/srv/a\\n/srv/b'
global.timeout='15'
install.index-url='file:///srv/index-2/simple'
install.no-deps='false'
"""
    assert variables(listed.strip()) == {
        "PIP_TIMEOUT": "180",
        "PIP_INDEX_URL": "file:///srv/index-2/simple",
        "PIP_FIND_LINKS": "/srv/a\n/srv/b",
        "PIP_NO_DEPS": "false",
    }


def test_folders_that_pip_reads_are_shown_in_the_root_once_and_an_index_with_what_lies_beside(tmp_path: Path) -> None:
    for name in ("index/simple", "index/files", "wheels/more"):
        (tmp_path / name).mkdir(parents=True)
    settings = {
        "PIP_EXTRA_INDEX_URL": f"file://{tmp_path}/index/simple https://index.example/simple",
        "PIP_FIND_LINKS": f"{tmp_path}/wheels {tmp_path}/wheels/more {tmp_path}/missing",
        "PIP_TIMEOUT": "180",
    }
    assert paths(settings) == [tmp_path / "index", tmp_path / "wheels"]


def test_this_machines_pip_can_be_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_FIND_LINKS", "/srv/wheels")
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    asked = environment()
    assert (asked["PIP_FIND_LINKS"], asked["https_proxy"]) == ("/srv/wheels", "http://proxy.example:3128")


def test_form_is_filled_with_what_it_proposes() -> None:
    schema: list[dict[str, Any]] = [
        {"name": "broker", "required": True, "selector": {"text": {}}},
        {"name": "port", "required": True, "default": 1883, "selector": {"number": {}}},
        {"name": "username", "optional": True, "selector": {"text": {}}},
        {
            "name": "other",
            "type": "expandable",
            "schema": [
                {"name": "client", "required": True, "selector": {"boolean": {}}},
                {"name": "ca", "required": True, "selector": {"select": {"options": ["off", "auto"]}}},
                {"name": "way", "required": True, "selector": {"select": {"options": [{"value": "tcp", "label": ""}]}}},
            ],
        },
    ]
    filled = {"broker": "", "port": 1883, "other": {"client": False, "ca": "off", "way": "tcp"}}
    assert filled_in(schema) == filled


def test_what_home_assistant_starts_by_itself_is_installed_with_all_below_it(tmp_path: Path) -> None:
    manifests = {
        "mqtt": {"requirements": ["paho==1"], "dependencies": ["http"]},
        "http": {"requirements": ["aio==2"], "dependencies": ["mqtt"]},
        "camera": {"requirements": ["turbo==3"]},
        "backup": {"requirements": ["tar==4"], "dependencies": ["gone"]},
        "unused": {"requirements": ["never==5"]},
    }
    for name, manifest in manifests.items():
        (tmp_path / "components" / name).mkdir(parents=True)
        (tmp_path / "components" / name / "manifest.json").write_text(json.dumps(manifest))
    (tmp_path / "generated").mkdir()
    (tmp_path / "generated/entity_platforms.py").write_text('class EntityPlatforms:\n    CAMERA = "camera"\n')
    (tmp_path / "bootstrap.py").write_text('DEFAULT_INTEGRATIONS: set = {"backup", *()}\nOTHERS = {"unused"}\n')
    assert requirements(tmp_path) == ["aio==2", "paho==1", "tar==4", "turbo==3"]


def test_root_is_read_only_unless_it_is_to_be_written(tmp_path: Path) -> None:
    (tmp_path / "shown").mkdir()
    root = DebianRoot(tmp_path / "root")
    command = root.command(["true"], {"A": "a b"}, {tmp_path / "shown": Path("/mnt")})
    script = command[-1].splitlines()
    assert script[-1].endswith("'A=a b' true")
    assert "remount,bind,ro" in script[-2]
    assert (tmp_path / "root/mnt").is_dir()
    assert "remount" not in root.command(["true"], {}, {}, writable=True)[-1]


async def test_light_that_asks_for_qos_1_says_so(tmp_path: Path) -> None:
    accounts = Accounts.make(["hall"], others=[HOME_ASSISTANT_USER])
    async with EmbeddedBroker(accounts) as broker, asyncio.timeout(WAIT_S):
        address = broker.address.signed_in_as("hall", accounts.password("hall"))
        client = aiomqtt.Client(
            address.host,
            address.port,
            username=HOME_ASSISTANT_USER,
            password=accounts.password(HOME_ASSISTANT_USER),
        )
        async with SimulatedLight("hall", address, tmp_path, main=QOS_1, heap="128k"), client:
            await client.subscribe(DISCOVERY.format(light="hall"))
            message = await anext(client.messages)
    assert json.loads(str(message.payload, "utf-8"))["qos"] == 1
