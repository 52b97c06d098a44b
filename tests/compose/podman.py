"""Podman with a folder of its own: its images, containers, volumes, networks and settings lie there and nowhere else.

It needs neither systemd nor a registry, and pulls nothing. Root is needed.
"""

import resource
from collections.abc import Mapping
from pathlib import Path

_CONTAINERS = """\
[containers]
default_ulimits = [{ulimits}]

[network]
network_backend = "netavark"
network_config_dir = "{folder}/networks"

[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "none"
lock_type = "file"
static_dir = "{folder}/static"
tmp_dir = "{folder}/run/libpod"
volume_path = "{folder}/volumes"
"""

_STORAGE = """\
[storage]
driver = "overlay"
graphroot = "{folder}/storage"
runroot = "{folder}/run/storage"
"""

_REGISTRIES = """\
unqualified-search-registries = []
"""


def settings(folder: Path) -> dict[str, str]:
    """The files that podman reads, by the variable that names each."""
    ulimits = ", ".join(f'"{name}={limit}:{limit}"' for name, limit in _own_limits().items())
    return {
        "CONTAINERS_CONF": _CONTAINERS.format(folder=folder, ulimits=ulimits),
        "CONTAINERS_STORAGE_CONF": _STORAGE.format(folder=folder),
        "CONTAINERS_REGISTRIES_CONF": _REGISTRIES,
    }


def set_up(folder: Path) -> dict[str, str]:
    """Write its settings below `folder`; the variables that make podman read them."""
    variables = {}
    for name, text in settings(folder).items():
        file = folder / f"{name.lower()}.conf"
        file.write_text(text)
        variables[name] = str(file)
    return variables | {"BUILDAH_ISOLATION": "chroot"}  # with the machine's own network, and without cgroups


def _own_limits() -> Mapping[str, int]:
    """No container may ask for more than this machine's own limits: podman's defaults are higher than some."""
    wanted = {"nofile": (resource.RLIMIT_NOFILE, 65_536), "nproc": (resource.RLIMIT_NPROC, 4_096)}
    limits = {name: (resource.getrlimit(kind)[1], most) for name, (kind, most) in wanted.items()}
    return {name: most if own == resource.RLIM_INFINITY else min(own, most) for name, (own, most) in limits.items()}
