"""The README: its programs run, its commands work against a hub that has what they name."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from hub_server import HubServer
from miniagents_llamacpp.names import PREFERRED

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
PROGRAMS = re.findall(r"^```python\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
pytestmark = pytest.mark.timeout(600)  # the first test of a machine fetches the model

SAYS = (
    r".*\.gguf \[.*'SmolLM2-135M-Instruct\.Q4_1'.*\] True",
    ".*'wet': (True|False).*",
    "576 True",
    ".* tokens, .*",
)


def environment(tmp_path: Path) -> dict[str, str]:
    """Return that of a person without settings."""
    return {**os.environ, "MINIAGENTS_CONFIG": str(tmp_path / "none.toml"), "PYTHONPATH": os.pathsep.join(sys.path)}


@pytest.mark.usefixtures("model")
@pytest.mark.parametrize(("program", "says"), list(zip(PROGRAMS, SAYS, strict=True)))
def test_the_programs_run(program: str, says: str, tmp_path: Path) -> None:
    """What a reader copies does what the text beside it says."""
    command = [sys.executable, "-c", program]
    ran = subprocess.run(command, check=False, capture_output=True, text=True, cwd=tmp_path, env=environment(tmp_path))
    assert (ran.returncode, ran.stderr) == (0, "")
    assert re.fullmatch(says, ran.stdout.strip(), re.DOTALL)


def test_the_commands_work(hub: HubServer, model: Path, tmp_path: Path) -> None:
    """Each command, as it stands there, in their order; replies are short, and not by chance."""
    (tmp_path / "config.toml").write_text("[options]\nmax_tokens = 30\nseed = 1\n")
    data = tmp_path / "miniagents" / "models"
    data.mkdir(parents=True)
    for path in (data / model.name, tmp_path / "my-model.gguf"):
        path.symlink_to(model)
    content = model.read_bytes()
    hub.repositories["bartowski/Qwen2.5-0.5B-Instruct-GGUF"] = {
        f"q-{label}.gguf": content for label in ("Q4_K_M", "Q8_0")
    }
    (commands,) = re.findall(r"^```sh\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    own = environment(tmp_path) | {"XDG_DATA_HOME": str(tmp_path), **hub.environment}
    own["MINIAGENTS_CONFIG"] = str(tmp_path / "config.toml")
    for line in commands.splitlines():
        _, *words = shlex.split(line, comments=True)
        command = [sys.executable, "-m", "miniagents.cli", *words]
        ran = subprocess.run(command, check=False, capture_output=True, text=True, input="", cwd=tmp_path, env=own)
        assert ran.returncode == 0, ran.stderr
        assert ran.stdout
    assert len(list(data.rglob("*.gguf"))) == 2


def test_the_rule_that_stands_there_is_the_rule() -> None:
    """Which quantisation is taken where none is named."""
    assert ", ".join(PREFERRED) in README
