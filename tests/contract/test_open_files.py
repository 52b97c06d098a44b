import resource
import subprocess
import sys

from presslight.contract import open_files

SCRIPT = "from presslight.contract import open_files; print(open_files.raise_limit(), open_files.limit())"


def test_soft_limit_is_raised_to_the_hard_one() -> None:
    lower = f"import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (100, 300)); {SCRIPT}"
    assert subprocess.check_output([sys.executable, "-c", lower]).split() == [b"300", b"300"]


def test_limit_that_is_low_is_told_with_its_figure() -> None:
    assert open_files.trouble(open_files.LOW) is None
    assert "1,024 files" in str(open_files.trouble(1_024))
    assert open_files.limit() == resource.getrlimit(resource.RLIMIT_NOFILE)[0]
