"""The program in the README, as it stands there."""

import os
import re
import subprocess
import sys
from pathlib import Path

from ollama_server import OllamaServer, Reply, said

README = Path(__file__).parent.parent / "README.md"


def test_the_program_of_the_readme_runs(server: OllamaServer) -> None:
    """What a reader copies calls its tool, and prints what the model made of it."""
    (program,) = re.findall(r"^```python\n(.*?)^```$", README.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    server.models.add("qwen3:latest")
    call = {"function": {"name": "temperature", "arguments": {"city": "Oslo"}}}
    server.script(Reply(said(calls=[call])), Reply(said("It is -3 °C.")))
    command = [sys.executable, "-c", program]
    environment = os.environ | server.environment
    ran = subprocess.run(command, check=False, capture_output=True, text=True, env=environment, timeout=50)
    assert (ran.stdout, ran.stderr) == ("It is -3 °C. {'in': 26, 'out': 282}\n", "")
    assert server.chats[1]["messages"][-1]["content"] == "-3"
