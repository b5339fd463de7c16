"""Words that choose who answers and how: `/model`, `/agent`, `/system`, `/role`, `/set`.

In: a session, what stands behind the word. Out: changed settings. Never: the conversation, which stays as it is.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ...errors import SettingsError
from ..models import state_of
from .word import Word

if TYPE_CHECKING:
    from ..session import Session

__all__ = ["WORDS"]


async def _model(session: "Session", name: str) -> None:
    if name:
        session.change(model=name, agent=None)
        await session.fetch()
    session.screen.tell(f"{session.cast.name} answers")


def _models(session: "Session") -> Iterable[tuple[str, str]]:
    for provider in session.plugins.providers.values():
        state = state_of(provider, session.settings.environment)
        for model in dict.fromkeys((provider.default_model, *provider.models())):
            yield f"{provider.name}:{model}", f"ready: {state}" if state else provider.way_out


async def _agent(session: "Session", name: str) -> None:
    if not name:
        session.screen.tell(f"{session.cast.name} answers; there is {_listed(session.plugins.agents)}")
        return
    session.change(agent=None if name == "-" else name)
    session.screen.tell(f"{session.cast.name} answers")


def _agents(session: "Session") -> Iterable[tuple[str, str]]:
    yield "-", "the model again"
    for name, agent in session.plugins.agents.items():
        yield name, (agent.description or "").split("\n")[0]


async def _system(session: "Session", text: str) -> None:
    if text:
        session.change(system=None if text == "-" else text)
    told = session.settings.system
    session.screen.tell(f"the model is told beforehand: {told}" if told else "the model is told nothing beforehand")


async def _role(session: "Session", name: str) -> None:
    from ..config import roles  # noqa: PLC0415 - only here

    folder = session.settings.config_dir
    if not name:
        session.screen.tell(f"roles in {folder / 'roles'}: {_listed(roles.names(folder))}")
        return
    role = roles.find(name, folder)
    of_role = {"model": role.model, "agent": None} if role.model else {}
    session.change(options={**session.options, **role.options}, role=name, system=role.system, **of_role)
    session.screen.tell(f"{session.cast.name} answers as {name}")


def _roles(session: "Session") -> Iterable[tuple[str, str]]:
    from ..config import roles  # noqa: PLC0415 - only here

    return ((name, "") for name in roles.names(session.settings.config_dir))


async def _set(session: "Session", rest: str) -> None:
    from ..config.setting import option_from  # noqa: PLC0415 - only here

    name, _, value = (part.strip() for part in rest.partition("=" if "=" in rest.partition(" ")[0] else " "))
    if name and not value:
        raise SettingsError(f"/set {rest}: write a value behind it, such as /set temperature 0.2, or - to take it back")
    if name:
        others = {known: kept for known, kept in session.options.items() if known != name}
        session.change(options=others if value == "-" else others | dict([option_from(f"{name}={value}")]))
    told = ", ".join(f"{name}={value}" for name, value in session.settings.options.items())
    session.screen.tell(f"parameters of the model: {told}" if told else "all parameters of the model are its defaults")


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "none"


WORDS = (
    Word(
        name="model",
        takes="[NAME]",
        help="Let another model answer, and keep the conversation.",
        act=_model,
        suggest=_models,
    ),
    Word(
        name="agent",
        takes="[NAME|-]",
        help="Let an agent answer instead of the model; - is the model again.",
        act=_agent,
        suggest=_agents,
    ),
    Word(
        name="system", takes="[TEXT|-]", help="Say what the model is told beforehand; - tells it nothing.", act=_system
    ),
    Word(
        name="role",
        takes="[NAME]",
        help="Let the model play a role from your folder of roles.",
        act=_role,
        suggest=_roles,
    ),
    Word(
        name="set",
        takes="[NAME VALUE|-]",
        help="Set a parameter of the model, such as temperature 0.2; - takes it back.",
        act=_set,
    ),
)
