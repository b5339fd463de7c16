"""Where a recorder is found."""

import subprocess
import sys

from miniagents.ext.llm.recorder import RECORDER


def test_nobody_pays_for_a_recording_who_has_none() -> None:
    """There is no recorder unless somebody enters one, and a model agent imports nothing of recordings."""
    assert RECORDER.get() is None
    code = "import miniagents.ext.llm.openai, sys; print(*sorted(n for n in sys.modules if 'recording' in n))"
    ran = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert ran.stdout.strip() == ""
