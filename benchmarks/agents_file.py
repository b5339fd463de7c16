"""A long file of agents, for us and for the floor; the standard library alone."""

HEAD = """\
version: 1
inputs: {topic: {default: cats}}
vars: {tone: dry}
defaults: {model: "openai:gpt-4o-mini"}
agents:
"""
AGENT = """\
  agent{number}:
    instructions: |
      Write about {{{{ topic }}}} in a {{{{ tone }}}} tone.
      You are number {number}.
    temperature: 0.2
    options: {{seed: 3}}
"""
STEPS = """\
  - agent{0}
  - parallel: [agent{1}, agent{2}]
  - loop:
      do: [agent{3}, {{agent: agent{0}, input: [text, agent{1}]}}]
      until: {{agent: agent{0}, matches: OK}}
      max: 3
"""


def agents_file(count: int) -> str:
    """Return a file of so many agents, a multiple of four, all of whom are in its flow."""
    agents = [AGENT.format(number=number) for number in range(count)]
    steps = [STEPS.format(*range(number, number + 4)) for number in range(0, count, 4)]
    return "".join([HEAD, *agents, "flow:\n", *steps])
