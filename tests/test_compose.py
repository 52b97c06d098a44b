"""docker-compose.yml and Dockerfile, as far as they can be tried without Docker: read, resolved, and run by hand."""

import asyncio
import os
import re
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from broker import ports
from broker.accounts import PASSWORDS
from broker.mosquitto import find

ROOT = Path(__file__).parent.parent
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
START_S = 30


@pytest.mark.parametrize("name", SERVICES)
def test_service_is_pinned_checked_and_not_root(name: str) -> None:
    service = SERVICES[name]
    assert re.search(r":\d+\.\d+\.\d+$", service["image"])
    assert service["healthcheck"]["test"][0] == "CMD"
    assert service["restart"] == "unless-stopped"
    if "user" in service:
        assert not service["user"].startswith(("0", "root"))
    else:
        assert re.search(r"^USER presslight$", DOCKERFILE, re.MULTILINE)


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
    copied = [source for line in re.findall(r"^COPY (.*)$", DOCKERFILE, re.MULTILINE) for source in line.split()[:-1]]
    for path in [*binds, *copied]:
        assert (ROOT / path).exists(), path
    assert {mount for mount in mounts if not mount.startswith(".")} == set(COMPOSE["volumes"])


def test_every_secret_is_declared() -> None:
    used = {
        secret if isinstance(secret, str) else secret["source"]
        for service in SERVICES.values()
        for secret in service["secrets"]
    }
    assert used == set(COMPOSE["secrets"])


def test_every_volume_of_ours_belongs_to_its_user() -> None:
    ours = [volume for service in SERVICES.values() if "user" not in service for volume in service.get("volumes", ())]
    for volume in ours:
        assert re.search(rf"install --directory --owner presslight .*{volume.split(':')[1]}\b", DOCKERFILE)


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
    port = ports.free("127.0.0.1")
    secrets = tmp_path / "secrets"
    await _run("accounts", str(secrets), "kitchen", "--port", str(port))
    started = [await _mosquitto(tmp_path, secrets / PASSWORDS, port)]
    try:
        async with asyncio.timeout(START_S):
            await _line(started[-1].stderr, rb" running")
            started.append(await _start(_by_hand("bridge", secrets, tmp_path)))
            await _line(started[-1].stdout, rb"Phone page: http://127\.0\.0\.1")
            started.append(await _start(_by_hand("light", secrets, tmp_path)))
            await _line(started[-1].stdout, rb"up")
    finally:
        for process in reversed(started):
            await _end(process)
    assert [process.returncode for process in started] == [0, 0, 0]


def _by_hand(name: str, secrets: Path, folder: Path) -> list[str]:
    """A service's command, on this machine: secrets and volumes from a folder, a free port."""
    words = list(SERVICES[name]["command"])
    for index, word in enumerate(words):
        if word.startswith("@/run/secrets/"):
            source = COMPOSE["secrets"][word.removeprefix("@/run/secrets/")]["file"]
            words[index] = f"@{secrets / Path(source).name}"
        elif word.startswith(("/data", "/flash")):
            words[index] = str(folder / word[1:])
        elif word == "0.0.0.0":
            words[index] = "127.0.0.1"
        elif words[index - 1] == "--port":
            words[index] = "0"
    return words


async def _mosquitto(folder: Path, passwords: Path, port: int) -> asyncio.subprocess.Process:
    """Run the mounted configuration with the containers' paths mapped to this machine's."""
    text = (ROOT / "broker/mosquitto/mosquitto.conf").read_text()
    text = text.replace("/mosquitto/config/acl", str(ROOT / "broker/mosquitto/acl"))
    text = text.replace("/mosquitto/config/passwords", str(passwords)).replace("/mosquitto/data", str(folder))
    text = re.sub(r"^listener 1883.*$", f"listener {port} 127.0.0.1", text, flags=re.MULTILINE)
    if os.geteuid() == 0:
        text += "\nuser root\n"
    configuration = folder / "mosquitto.conf"
    configuration.write_text(text)
    return await asyncio.create_subprocess_exec(find(), "-c", str(configuration), stderr=asyncio.subprocess.PIPE)


async def _start(words: list[str]) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "presslight", *words, stdout=asyncio.subprocess.PIPE
    )


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


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.terminate()
        try:
            async with asyncio.timeout(START_S):
                await process.communicate()
        except TimeoutError:
            process.kill()
            await process.communicate()
