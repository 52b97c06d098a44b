"""The verbs, where they meet a machine that lacks something: one clear line and a failure."""

import os
import re
import shlex
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
HAS_TOOLS = ("-o", ".venv/.flash", "-o", ".venv/.compose")  # what it installs is among what the tests need
RUN_BY = {
    "help": "tests/test_make.py::test_help_lists_every_verb",
    "venv": "tests/test_make.py::test_no_network_is_one_line",
    "demo": "tests/presslight/verbs/test_up.py::test_demo_presses_each_light_and_leaves_nothing",
    "test": "tests/test_make.py::test_ci_checks_and_tests_here_and_on_a_bare_machine",
    "check": "tests/test_make.py::test_ci_checks_and_tests_here_and_on_a_bare_machine",
    "bench": "tests/bench/test_bench.py::test_short_bench_measures_everything",
    "nightly": "tests/test_make.py::test_nightly_finds_its_tests",
    "homeassistant": "tests/test_make.py::test_homeassistant_finds_its_tests",
    "compose": "tests/test_make.py::test_compose_finds_its_test",
    "bare": "tests/bare/test_bare.py::test_nobody_but_root_can_make_a_root",
    "lowest": "tests/test_make.py::test_lowest_installs_the_lowest_versions_apart",
    "world": "tests/test_make.py::test_world_lives_a_life_again",
    "flash": "tests/test_make.py::test_flash_starts_the_command",
    "install": "tests/test_running.py::test_what_is_pasted_on_debian_installs_and_works",
    "lock": "tests/test_make.py::test_lock_writes_every_lock",
    "clean": "tests/test_make.py::test_clean_removes_what_the_verbs_made_and_nothing_else",
}
"""Which test of the suite runs each verb, or what is at its core."""


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """What `make venv` reads, in a folder of its own."""
    for name in ["Makefile", "pyproject.toml", *(lock.name for lock in ROOT.glob("requirements*.lock"))]:
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def make(folder: Path, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS", "PIP_"))}
    return subprocess.run(
        ["make", *words], cwd=folder, env=own | settings, capture_output=True, text=True, timeout=110, check=False
    )


def complaints(run: subprocess.CompletedProcess[str]) -> list[str]:
    """What is said besides the progress lines and make's own closing line."""
    lines = (run.stdout + run.stderr).splitlines()
    return [line for line in lines if not line.startswith(("presslight: installing", "make: ***"))]


def verbs() -> list[str]:
    phony = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert phony
    return phony[1].split()


def test_help_lists_every_verb() -> None:
    assert re.findall(r"^make (\w+)", make(ROOT, "help").stdout, re.MULTILINE) == verbs()


def test_verbs_that_take_minutes_are_explained_to_who_contributes() -> None:
    long = re.findall(r"^make (\w+).*(?:minutes|hour)", make(ROOT, "help").stdout, re.MULTILINE)
    assert long == ["nightly", "homeassistant", "compose", "bare", "lowest"]
    told = re.findall(r"^- `make (\w+)`: ", (ROOT / "CONTRIBUTING.md").read_text(), re.MULTILINE)
    assert sorted(told) == sorted(long)


def test_every_verb_is_run_by_a_test() -> None:
    assert sorted(RUN_BY) == sorted(verbs())
    for test in RUN_BY.values():
        file, name = test.split("::")
        assert re.search(rf"^(async )?def {name}\(", (ROOT / file).read_text(), re.MULTILINE), test


@pytest.mark.parametrize(
    ("check", "test", "bare", "code", "runs"),
    [(0, 0, 0, 0, 3), (0, 0, 75, 0, 3), (0, 0, 1, 1, 3), (0, 2, 0, 2, 2), (2, 0, 0, 2, 1)],
    ids=["green", "no root", "bare red", "tests red", "check red"],
)
def test_ci_checks_and_tests_here_and_on_a_bare_machine(
    tmp_path: Path, check: int, test: int, bare: int, code: int, runs: int
) -> None:
    """Here the commands only say that they ran, and end as they are told."""
    told = tmp_path / "told"
    ends = {"bin/make": f'[ "$1" = check ] && exit {check}; exit {test}', ".venv/bin/python": f"exit {bare}"}
    for name, end in ends.items():
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text(f'#!/bin/sh\necho "$*" >>{told}\n{end}\n')
        (tmp_path / name).chmod(0o755)
    (tmp_path / ".ci").mkdir()
    script = Path(shutil.copy(ROOT / ".ci/run", tmp_path / ".ci/run"))
    run = subprocess.run([script], env=os.environ | {"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}"}, check=False)
    assert run.returncode == code
    assert told.read_text().splitlines() == ["check", "test", "-m tests.bare bookworm --user root"][:runs]


@pytest.mark.parametrize("verb", ["venv", "demo", "test", "check"])
def test_a_missing_python_is_one_line(clone: Path, verb: str) -> None:
    run = make(clone, verb, "PYTHON=python0.9")
    assert run.returncode
    assert complaints(run) == [
        "presslight: python0.9 is not Python 3.11 or newer; name one: make PYTHON=python3.11 ..."
    ]


def test_a_python_without_pip_is_one_line(clone: Path) -> None:
    python = clone / "python"
    python.write_text('#!/bin/sh\n[ "$2" != "import pip" ]\n')
    python.chmod(0o755)
    run = make(clone, "venv", f"PYTHON={python}")
    assert run.returncode
    assert complaints(run) == [f"presslight: {python} has no pip; install the package python3-pip"]


def test_no_network_is_one_line(clone: Path) -> None:
    run = make(clone, "demo", PIP_CONFIG_FILE=os.devnull, PIP_INDEX_URL="http://127.0.0.1:1/")
    assert run.returncode
    cause = "no network, or no package index behind it"
    assert complaints(run) == [
        f"presslight: could not install what presslight runs on: {cause} (all of it: .venv/install.log)"
    ]


def test_environment_that_is_first_in_the_path_is_not_asked_for_pip(set_up: Path) -> None:
    (set_up / ".venv/.run").unlink()
    path = f"{set_up}/.venv/bin:{os.environ['PATH']}"
    run = make(set_up, "demo", PATH=path, PIP_CONFIG_FILE=os.devnull, PIP_INDEX_URL="http://127.0.0.1:1/")
    assert run.returncode
    assert "no network, or no package index behind it" in complaints(run)[0]


def test_demo_is_told_its_port() -> None:
    assert "--port 8788" in make(ROOT, "--dry-run", *HAS_TOOLS, "demo", "PORT=8788").stdout


@pytest.fixture
def set_up(clone: Path) -> Path:
    """A clone whose virtual environment is there, as far as make can see."""
    folder = clone / "here"
    folder.mkdir()
    for file in [file for file in clone.iterdir() if file.is_file()]:
        file.rename(folder / file.name)
    assert make(folder, ".venv/bin/python").returncode == 0
    (folder / ".venv/.run").touch()
    assert is_up_to_date(folder)
    return folder


def is_up_to_date(folder: Path) -> bool:
    return make(folder, "--question", ".venv/.run").returncode == 0


def test_an_environment_that_was_moved_is_made_anew(set_up: Path) -> None:
    moved = set_up.rename(set_up.with_name("there"))
    assert not is_up_to_date(moved)
    assert make(moved, ".venv/bin/python").returncode == 0
    assert not (moved / ".venv/.run").exists(), "what was installed names the former folder"
    (moved / ".venv/.run").touch()
    assert is_up_to_date(moved)


def test_an_environment_that_outlived_its_python_is_made_anew(set_up: Path) -> None:
    python = set_up / ".venv/bin/python"
    python.unlink()
    python.symlink_to("/no/such/python3")
    assert not is_up_to_date(set_up)
    assert make(set_up, ".venv/bin/python").returncode == 0
    assert not is_up_to_date(set_up)
    assert subprocess.run([python, "--version"], check=False).returncode == 0


def test_a_new_environment_spares_what_else_is_in_its_folder(set_up: Path) -> None:
    kept = set_up / ".venv/state/presses.db"
    kept.parent.mkdir()
    kept.touch()
    moved = set_up.rename(set_up.with_name("there"))
    assert make(moved, ".venv/bin/python").returncode == 0
    assert (moved / ".venv/state/presses.db").exists()


def test_clean_removes_what_the_verbs_made_and_nothing_else(clone: Path) -> None:
    kept = sorted(path.name for path in clone.iterdir())
    for made in (".venv/bin", "build/lib", "dist", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".hypothesis"):
        (clone / made).mkdir(parents=True)
    (clone / "presslight.egg-info").mkdir()
    (clone / "__pycache__").mkdir()
    assert make(clone, "clean").returncode == 0
    assert sorted(path.name for path in clone.iterdir()) == kept


def test_world_lives_a_life_again() -> None:
    run = make(ROOT, "world", "SEED=7")
    assert run.returncode == 0, run.stderr
    assert run.stdout.endswith(" presses, every promise kept\n")


@pytest.mark.parametrize(
    ("verb", "complaint"),
    [("world", "say which life: make world SEED=7"), ("flash", "say where the ESP32 is: make flash PORT=/dev/ttyUSB0")],
)
def test_a_verb_without_its_setting_says_which(verb: str, complaint: str) -> None:
    run = make(ROOT, *HAS_TOOLS, verb)
    assert run.returncode == 2
    assert complaint in run.stderr


@pytest.mark.parametrize("words", [["flash"], ["flash", "PORT="], ["world"]])
def test_nothing_is_installed_for_a_verb_without_its_setting(clone: Path, words: list[str]) -> None:
    run = make(clone, *words, PYTHON="/no/such/python")
    assert run.returncode == 2
    assert "/no/such/python" not in run.stderr
    assert not (clone / ".venv").exists()


def test_flash_starts_the_command() -> None:
    run = make(ROOT, *HAS_TOOLS, "flash", "PORT=/dev/no-such-port")
    assert run.returncode == 2
    assert "presslight: there is no /dev/no-such-port" in run.stderr


def test_nightly_finds_its_tests() -> None:
    """It names no folder, so it takes all of them; one is enough to see that it finds some."""
    last = make(ROOT, "--dry-run", *HAS_TOOLS, "nightly", "CONTAINERS=").stdout.splitlines()[-1]
    wanted = ["-m", "pytest", "-m", "nightly", "--timeout", "3600", "-rP", "&&", "exit", "$properties"]
    assert shlex.split(last)[1:] == wanted
    run = make(ROOT, *HAS_TOOLS, "nightly", "CONTAINERS=", "NIGHTLY=--collect-only --quiet tests/faults")
    assert run.returncode == 0, run.stderr
    assert re.search(r"^tests/faults/.*::test_", run.stdout, re.MULTILINE)


def collected(verb: str) -> str:
    """What the last line of the verb would run, without the minutes before it."""
    last = make(ROOT, "--dry-run", *HAS_TOOLS, verb).stdout.splitlines()[-1]
    command = [*shlex.split(last)[1:], "--collect-only", "--quiet"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=110, check=False)
    assert run.returncode == 0, run.stderr
    return run.stdout


def test_homeassistant_finds_its_tests() -> None:
    assert re.search(r"^tests/homeassistant/test_home.py::test_", collected("homeassistant"), re.MULTILINE)


def test_lowest_installs_the_lowest_versions_apart() -> None:
    steps = make(ROOT, "--dry-run", *HAS_TOOLS, "-o", "venv", "lowest").stdout
    assert "--resolution lowest-direct" in steps
    assert "--python .venv/lowest/bin/python install" in steps
    assert "tests/page" in steps.splitlines()[-1]


def test_compose_finds_its_test() -> None:
    assert re.search(r"^tests/compose/test_composition.py::test_", collected("compose"), re.MULTILINE)


def test_lock_writes_every_lock(clone: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """On an index of our own, so without a network: every package that the project asks for, and nothing behind it."""
    index = tmp_path_factory.mktemp("index")
    project = (clone / "pyproject.toml").read_text()
    wanted = re.findall(r'"([a-z0-9-]+)(?:\[\w+\])?>=([\d.]+)', project)
    for name, version in wanted:
        write_wheel(index, name, version)
    locks = sorted(path.name for path in clone.glob("requirements*.lock"))
    for lock in locks:
        (clone / lock).unlink()
    index_settings = {"UV_DEFAULT_INDEX": index.as_uri(), "UV_NO_CACHE": "1"}
    run = make(clone, "-o", "venv", "lock", f"BIN={ROOT / '.venv/bin'}", **index_settings)
    assert run.returncode == 0, run.stderr
    assert sorted(path.name for path in clone.glob("requirements*.lock")) == locks
    for lock in locks:
        assert re.search(r"^\S+==.*\n +--hash=sha256:", (clone / lock).read_text(), re.MULTILINE), lock
    locked = set(re.findall(r"^(\S+)==([\d.]+)", "".join((clone / lock).read_text() for lock in locks), re.MULTILINE))
    assert locked <= set(wanted), "not from our index"


def write_wheel(folder: Path, name: str, version: str) -> None:
    """The smallest wheel there can be, and its page in the index."""
    (folder / name).mkdir(exist_ok=True)
    module, info = name.replace("-", "_"), f"{name.replace('-', '_')}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    for extra in ("binary", "standard"):
        metadata += f"Provides-Extra: {extra}\n"
    file = folder / name / f"{module}-{version}-py3-none-any.whl"
    with (folder / name / "index.html").open("a") as page:
        page.write(f'<a href="{file.name}">{file.name}</a>\n')
    with zipfile.ZipFile(file, "w") as wheel:
        wheel.writestr(f"{info}/METADATA", metadata)
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
