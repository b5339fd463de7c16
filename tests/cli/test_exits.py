"""How a run ends, where no program has to be started to see it; `test_app*` see the rest."""

from __future__ import annotations

import pytest

from miniagents.cli.exits import run
from miniagents.cli.output import ReaderGoneError
from miniagents.errors import SettingsError, UsageError


@pytest.mark.parametrize(
    ("error", "code", "told"),
    [
        (None, 0, ""),
        (ReaderGoneError(), 0, ""),
        (SettingsError("no such thing"), 2, "miniagents: no such thing\n"),
        (UsageError("made wrongly"), 1, "miniagents: made wrongly\n"),
        (OSError(28, "No space left on device"), 1, "miniagents: No space left on device\n"),
    ],
)
def test_each_error_has_its_code_and_its_line(
    error: Exception | None, code: int, told: str, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing, a reader that is gone, wrong usage and whatever else end with their codes and one line at most."""
    monkeypatch.setattr("miniagents.cli.exits.close_standard_output", lambda: None)  # it is pytest's
    monkeypatch.setattr("miniagents.cli.exits.tell_what_is_logged", lambda: None)  # for this whole process

    def command() -> None:
        if error is not None:
            raise error

    with pytest.raises(SystemExit) as ended:
        run(command)
    assert ended.value.code == code
    assert capfd.readouterr() == ("", told)
