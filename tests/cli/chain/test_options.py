"""The options of a run, as the command line has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniagents.cli.chain import options

if TYPE_CHECKING:
    from tests.cli.chain.conftest import Shell


def test_every_option_says_what_it_is_for() -> None:
    """Each has its line of help."""
    for name in options.__all__:
        [about] = getattr(options, name).__metadata__
        assert about.help, name


def test_values_reach_the_file(shell: Shell) -> None:
    """Inputs, constants and other values are taken from the command line."""
    shell.write(
        "c.yaml",
        "version: 1\nvars: {kind: plain}\ninputs: {topic: {default: nothing}}\n"
        "agents: {echo: {plugin: echo}}\nflow: [{agent: echo, input: inputs.topic}]\n",
    )
    assert shell("c.yaml", "--input", "topic=bees").out == "bees"
    assert shell("c.yaml", "--set", "inputs.topic.default=wasps").out == "wasps"
    told = shell("c.yaml", "--var", "kid=x")
    assert (told.code, "kind" in told.err) == (2, True)
