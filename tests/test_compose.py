"""docker-compose.yml and Dockerfile, as far as they can be tried without an engine: read, resolved, and run by hand.

`make compose` builds and runs them for real.
"""

import asyncio
import os
import re
import shlex
import socket
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from presslight.broker.mosquitto import find_mosquitto
from tests import forked
from tests.forked import Forked
from tests.ports import lasting

ROOT = Path(__file__).parent.parent
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
GIVING = SERVICES["secrets"]
"""The one that runs as root, once, and gives the others their copies of the secrets."""
RUNNING = [name for name in SERVICES if name != "secrets"]
USERS = {"broker": 1883, "bridge": 1000, "light": 1000}
DOCKERFILE = (ROOT / "Dockerfile").read_text()
START_S = 30


@pytest.mark.parametrize("name", SERVICES)
def test_service_is_pinned_and_can_do_little(name: str) -> None:
    service = SERVICES[name]
    assert re.search(r":\d+\.\d+\.\d+$", service["image"])
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]


@pytest.mark.parametrize("name", RUNNING)
def test_service_that_runs_is_checked_and_not_root(name: str) -> None:
    service = SERVICES[name]
    assert service["healthcheck"]["test"][0] == "CMD"
    assert service["restart"] == "unless-stopped"
    assert "cap_add" not in service
    assert "secrets" not in service  # as on the host, so unreadable for it
    if "user" in service:
        assert service["user"] == f"{USERS[name]}:{USERS[name]}"
    else:
        assert re.search(r"^USER presslight$", DOCKERFILE, re.MULTILINE)
        assert re.search(rf"useradd .*--uid {USERS[name]} presslight", DOCKERFILE)


def test_bridge_answers_by_the_name_that_the_other_services_call_it() -> None:
    assert SERVICES["bridge"]["environment"]["PRESSLIGHT_ALLOWED_HOSTS"] == "bridge"


def test_secrets_are_given_before_anything_runs_and_without_a_network() -> None:
    for name in RUNNING:
        assert SERVICES[name]["depends_on"]["secrets"] == {"condition": "service_completed_successfully"}
    assert GIVING["network_mode"] == "none"
    assert GIVING["restart"] == "no"
    assert GIVING["cap_add"] == ["CHOWN", "DAC_OVERRIDE"]


def test_base_image_is_pinned() -> None:
    assert re.search(r"^FROM \S+:\d+\.\d+\.\d+-\S+$", DOCKERFILE, re.MULTILINE)


def test_no_secret_stands_in_the_file() -> None:
    assert not re.search(r"mqtts?://\S*:\S*@", (ROOT / "docker-compose.yml").read_text())
    for secret in COMPOSE["secrets"].values():
        assert secret["file"].startswith("./secrets/")
    ignored = (ROOT / ".gitignore").read_text().splitlines()
    assert "/secrets/" in ignored


def test_every_path_exists() -> None:
    mounts = [volume.split(":")[0] for service in SERVICES.values() for volume in service.get("volumes", ())]
    binds = [mount for mount in mounts if mount.startswith(".")]
    assert binds
    for path in [*binds, *copied()]:
        assert (ROOT / path).exists(), path
    assert {mount for mount in mounts if not mount.startswith(".")} == set(COMPOSE["volumes"])


def copied() -> list[str]:
    """What the Dockerfile copies into the image."""
    return [source for line in re.findall(r"^COPY (.*)$", DOCKERFILE, re.MULTILINE) for source in line.split()[:-1]]


def test_every_secret_is_declared() -> None:
    assert set(GIVING["secrets"]) == set(COMPOSE["secrets"])


def test_every_volume_that_ours_writes_belongs_to_its_user() -> None:
    ours = [volume for name in ("bridge", "light") for volume in SERVICES[name]["volumes"] if volume.count(":") == 1]
    assert ours
    for volume in ours:
        assert re.search(rf"install --directory --owner presslight .*{volume.split(':')[1]}\b", DOCKERFILE)


def test_what_is_built_from_is_readable_and_holds_no_secret() -> None:
    assert re.search(r"&& chmod --recursive a\+rX /app$", DOCKERFILE, re.MULTILINE)
    wanted = (ROOT / ".dockerignore").read_text().splitlines()
    assert "*" in wanted
    assert sorted(line[1:] for line in wanted if line.startswith("!")) == sorted(copied())


async def test_each_service_gets_a_copy_that_nobody_else_can_read(tmp_path: Path) -> None:
    secrets = tmp_path / "secrets"
    await _run("accounts", str(secrets), "kitchen", "--host", "broker")
    given = give(secrets, tmp_path)
    give(secrets, tmp_path)  # again, as after a change
    for name in RUNNING:
        volume, _, seen = SERVICES[name]["volumes"][0].partition(":")
        assert seen.endswith(":ro")
        files = list((given / volume).iterdir())
        assert files
        for file in files:
            status = file.stat()
            assert stat.S_IMODE(status.st_mode) == 0o400
            assert status.st_uid == status.st_gid == (USERS[name] if os.geteuid() == 0 else os.geteuid())
    assert (given / "broker-config/mosquitto.conf").read_text() == (
        ROOT / "broker/mosquitto/mosquitto.conf"
    ).read_text()
    assert (given / "broker-config/passwords").read_text() == (secrets / "passwords").read_text()
    assert (given / "broker-config/acl").read_text() == (secrets / "acl").read_text()


def give(secrets: Path, folder: Path) -> Path:
    """Run what the service `secrets` runs, with this machine's paths and users; where its volumes are, by name."""
    (script,) = GIVING["command"]
    script = script.replace("$$", "$")
    for name, secret in COMPOSE["secrets"].items():
        script = script.replace(f"/run/secrets/{name} ", f"{shlex.quote(str(secrets / Path(secret['file']).name))} ")
    for volume in GIVING["volumes"]:
        source, seen = volume.split(":")[:2]
        place = ROOT / source if source.startswith(".") else folder / "volumes" / source
        if not source.startswith("."):
            place.mkdir(parents=True, exist_ok=True)
        script = re.sub(rf"{seen}(?=[/ ])", lambda _, place=place: shlex.quote(str(place)), script)  # type: ignore[misc]  # mypy cannot type a lambda's default
    if os.geteuid():
        script = re.sub(r"\d+:\d+$", f"{os.geteuid()}:{os.getegid()}", script, flags=re.MULTILINE)
    subprocess.run([*GIVING["entrypoint"], script], check=True, timeout=START_S)
    return folder / "volumes"


def test_light_is_healthy_exactly_while_its_link_stands() -> None:
    with socket.create_server(("127.0.0.1", 0)) as broker:
        port = broker.getsockname()[1]
        words = [word.replace("075B", f"{port:04X}") for word in SERVICES["light"]["healthcheck"]["test"][1:]]
        assert words != SERVICES["light"]["healthcheck"]["test"][1:]

        def is_healthy() -> bool:
            return subprocess.run(words, check=False, timeout=START_S).returncode == 0

        assert not is_healthy()
        with socket.create_connection(broker.getsockname()):
            accepted, _ = broker.accept()
            assert is_healthy()
            accepted.close()
        assert not is_healthy()


async def test_commands_start_by_hand(tmp_path: Path) -> None:
    """The composition without containers: the same files and words, with paths and host names of this machine."""
    port = lasting()
    secrets = tmp_path / "secrets"
    await _run("accounts", str(secrets), "kitchen", "--port", str(port))
    given = give(secrets, tmp_path)
    started: list[asyncio.subprocess.Process | Forked] = [await _mosquitto(tmp_path, given / "broker-config", port)]
    try:
        async with asyncio.timeout(START_S):
            await _line(started[-1].stderr, rb" running")
            started.append(await _start(_by_hand("bridge", given, tmp_path)))
            await _line(started[-1].stdout, rb"Phone page: http://127\.0\.0\.1")
            started.append(await _start(_by_hand("light", given, tmp_path)))
            await _line(started[-1].stdout, rb"up")
    finally:
        for process in reversed(started):
            await _end(process)
    assert [process.returncode for process in started] == [0, 0, 0]


def _by_hand(name: str, given: Path, folder: Path) -> list[str]:
    """A service's command, on this machine: secrets and volumes from a folder, a free port."""
    secrets = given / SERVICES[name]["volumes"][0].partition(":")[0]
    words = list(SERVICES[name]["command"])
    for index, word in enumerate(words):
        if word.startswith("@/secrets/"):
            words[index] = f"@{secrets / word.removeprefix('@/secrets/')}"
        elif word.startswith(("/data", "/flash")):
            words[index] = str(folder / word[1:])
        elif word == "0.0.0.0":
            words[index] = "127.0.0.1"
        elif words[index - 1] == "--port":
            words[index] = "0"
    return words


async def _mosquitto(folder: Path, settings: Path, port: int) -> asyncio.subprocess.Process:
    """Run the mounted configuration with the containers' paths mapped to this machine's."""
    text = (settings / "mosquitto.conf").read_text()
    text = text.replace("/mosquitto/config", str(settings)).replace("/mosquitto/data", str(folder))
    text = re.sub(r"^listener 1883.*$", f"listener {port} 127.0.0.1", text, flags=re.MULTILINE)
    if os.geteuid() == 0:
        text += "\nuser root\n"
    configuration = folder / "mosquitto.conf"
    configuration.write_text(text)
    return await asyncio.create_subprocess_exec(
        find_mosquitto(), "-c", str(configuration), stderr=asyncio.subprocess.PIPE
    )


async def _start(words: list[str]) -> Forked:
    return await forked.start(*words, stdout=asyncio.subprocess.PIPE)


async def _run(*words: str) -> None:
    process = await _start(list(words))
    await process.communicate()
    assert process.returncode == 0


async def _line(stream: asyncio.StreamReader | None, wanted: bytes) -> None:
    assert stream
    while line := await stream.readline():
        if re.search(wanted, line):
            return
    raise AssertionError(f"it ended before it said {wanted!r}")


async def _end(process: asyncio.subprocess.Process | Forked) -> None:
    if process.returncode is None:
        process.terminate()
        try:
            async with asyncio.timeout(START_S):
                await process.communicate()
        except TimeoutError:
            process.kill()
            await process.communicate()
