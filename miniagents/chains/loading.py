"""A file of agents as one agent.

In: a path. Out: a `Chain`, a MiniAgent. Never: a terminal, standard output.
"""

import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import SettingsError
from ..frozen import EMPTY
from ..messages import MessageType
from ..miniagents import InteractionContext, MiniAgent
from ..promising.passing import PassingSource
from ..promising.scope import current
from .bounds import Bounds
from .building import Cast
from .calls import Call, Calls
from .chain_file import Described, read
from .faults import nearest, shown
from .plan import Plan
from .playing import play
from .run import Run
from .schema import HistoryFile
from .stage import Setting, Stage

if TYPE_CHECKING:
    from ..plugins import Plugins
    from ..plugins.choosing import Choice
    from ..tools import Approve
    from .code import Code
    from .speakers import Speaker

__all__ = ["Chain", "load"]


class Chain:
    """A file of agents, ready to be run, any number of times, also at once."""

    agents: "Mapping[str, Speaker]"
    """By name; `str()` of one says which models it asks."""

    def __init__(  # noqa: PLR0913 - by name
        self,
        described: Described,
        *,
        environment: Mapping[str, str] | None = None,
        plugins: "Plugins | None" = None,
        allow_code: bool = False,
        trusted: Mapping[str, str] = EMPTY,
        model: str | None = None,
        model_from: str = "",
        terms: Mapping[str, Any] = EMPTY,
    ) -> None:
        """Make it of a file that was read.

        Args:
            described: The file.
            environment: Where keys, base URLs and so on are looked up; the process's own if None.
            plugins: What models, agents and tools there are; ours and those of installed packages if None.
            allow_code: Whether Python, and programs that serve tools, may be run that the file names.
            trusted: Folders whose Python may be run as it is, each with a hash of it: `Decisions.trusted`.
            model: The one to ask where the file names none.
            model_from: Who said so, for errors.
            terms: Further parameters of every model agent (`log`, `stream`).

        Raises:
            SettingsError: Something that the file names is not there, or may not be run.
            ModelError: A model is nobody's, or there is none to ask.
        """
        self.described = described
        self.file = described.file
        self.path = described.path
        self.name = self.file.name or self.path.stem
        self._environment = os.environ if environment is None else environment
        self.plugins = _plugins() if plugins is None else plugins
        code = _Allowed(described.folder, allow_code=allow_code, trusted=trusted)
        self.agents = Cast(
            described,
            self.plugins,
            environment=self._environment,
            code=code,
            allow_code=allow_code,
            model=model,
            model_from=model_from,
            terms=terms,
        ).speakers
        self.plan = Plan.of(described, self.agents)

    def run(
        self,
        messages: MessageType = None,
        *,
        user: MiniAgent | None = None,
        history: MiniAgent | None = None,
        approve: "Approve | None" = None,
        prepare: "Callable[[Choice], Awaitable[object]] | None" = None,
    ) -> Run:
        """Run it: this returns at once.

        Args:
            messages: What it is sent; may still be arriving.
            user: Who speaks in a step `user`, and shows what was said; `console_user_agent` if None.
            history: Who keeps a dialog; what the file says, or nobody, if None.
            approve: Who is asked about tools that need it.
            prepare: Awaited before a model is asked, each time.

        Raises:
            NoScopeError: There is no open scope.
        """
        setting = self._setting(user=user, history=history, approve=approve, prepare=prepare)
        made: PassingSource[Call] = PassingSource(current().scope.loop)
        stage = Stage(setting, Bounds(self.file.limits), made)
        reply = MiniAgent(_play, alias=self.name).inquire(messages, chain=self, stage=stage)
        return Run(reply, Calls(made), stage.bounds)

    def history(self) -> MiniAgent | None:
        """Return who keeps a dialog as the file of agents says; None for memory.

        Raises:
            SettingsError: Nobody keeps one under that name.
        """
        told = self.history_told()
        if told is None or told in ("memory", "none"):
            return None
        histories = self.plugins.histories
        if isinstance(told, Path):
            return histories["markdown"].fork(history_md_file=told)
        name, colon, argument = told.partition(":")
        if name not in histories or (colon and "argument" not in histories[name].parameters):
            where, known = self.described.where(("history",)), sorted(histories)
            raise SettingsError(f"{where}: no history is called {shown(told)}; {nearest(name, known)}")
        if name == "markdown":
            from ..ext.transcript import new_transcript  # noqa: PLC0415 - few dialogs are kept so

            return histories[name].fork(history_md_file=cache(partial(new_transcript, Path("chats"))))
        return histories[name].fork(argument=argument) if colon else histories[name]

    def history_told(self) -> Path | str | None:
        """Return what the file of agents says of it, with variables replaced: a path, a name, or nothing.

        Raises:
            ChainFileError: It should be a path, and is none.
        """
        told = self.file.history
        if isinstance(told, HistoryFile):
            return self.described.located(told.file, ("history", "file"))
        return None if told is None else str(self.described.opened(told))

    def _setting(self, **given: Any) -> Setting:
        inputs = {name: list(each.texts) for name, each in self.described.inputs.items()}
        return Setting(
            name=self.name,
            file=self.described.tree.file,
            wanted=self.plan.wanted,
            inputs=inputs,
            sources=self.plugins.tools,
            environment=self._environment,
            **given,
        )


async def _play(ctx: InteractionContext, *, chain: Chain, stage: Stage) -> None:
    await play(ctx, chain, stage)


class _Allowed:
    """The Python of a folder, if it may be run."""

    def __init__(self, folder: Path, *, allow_code: bool, trusted: Mapping[str, str]) -> None:
        self._folder = folder
        self._allow_code = allow_code
        self._trusted = trusted
        self._code: Code | None = None

    def __call__(self) -> "Code":
        """Return it.

        Raises:
            SettingsError: It may not be run.
        """
        if self._code is None:
            from .code import Code  # noqa: PLC0415 - most files have no code

            self._code = Code(self._folder) if self._allow_code else self._if_trusted()
        return self._code

    def _if_trusted(self) -> "Code":
        digest = self._trusted.get(str(self._folder.resolve()))
        if digest is not None:
            from ..plugins.project import digest_of, sources_below  # noqa: PLC0415 - where somebody trusts it
            from .code import Code  # noqa: PLC0415 - as above

            sources = sources_below(self._folder.resolve())
            if digest_of(self._folder.resolve(), sources) == digest:
                return Code(self._folder, sources)
        changed = "" if digest is None else ", for it has changed since it was trusted"
        folder = self._folder.resolve()
        raise SettingsError(
            f"this would run Python of {folder}{changed}; look at it, and allow it: --allow-code (allow_code=True), or"
            f" `miniagents plugins trust {folder}`"
        )


def _plugins() -> "Plugins":
    from .. import builtins  # noqa: PLC0415 - a program has gathered its own
    from ..plugins import load as load_plugins  # noqa: PLC0415 - as above

    return load_plugins([builtins])


def load(  # noqa: PLR0913 - by name
    path: str | os.PathLike[str],
    *,
    inputs: Mapping[str, Any] = EMPTY,
    variables: Mapping[str, Any] = EMPTY,
    sets: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
    plugins: "Plugins | None" = None,
    allow_code: bool = False,
) -> MiniAgent:
    """Return a file of agents as one agent: it is sent what the chain is sent, and replies what comes out at its end.

    It is free of any scope, holds no state between calls, and may be called many times at once. Its parameter `inputs`,
    by `fork` or `inquire`, gives other inputs than those here; then the file is read anew. A step `user` asks at the
    console. A dialog is kept as `history` says (`markdown`: in a new file in `chats/`), in memory if it says nothing;
    whatever else is said, only whoever calls it can keep.

    `on_persist_message` of `MiniAgents` is given what an agent of Python or of a plugin says twice: as it said it, and
    with the agent's name in its metadata. Both have the same `content_hash`.

    Args:
        path: The file.
        inputs: Values by the names of the inputs that it declares; required ones may come with a call.
        variables: Other values of its constants.
        sets: What else is to be another way in it, as `agents.writer.model=gpt-4o`.
        environment: Where keys, base URLs and `${env:NAME}` are looked up; the process's own if None.
        plugins: What models, agents and tools there are; ours and those of installed packages if None.
        allow_code: Whether Python, and programs that serve tools, may be run that it names.

    Raises:
        ChainFileError: The file makes no sense: all that is wrong, a line each.
        SettingsError: Something that it names is not there, or may not be run.
        ModelError: A model is nobody's, or there is none to ask.
    """
    known = os.environ if environment is None else environment

    def chain_for(given: Mapping[str, Any], *, needs_inputs: bool = True) -> Chain:
        described = read(
            Path(path),
            sets=sets,
            variables=variables,
            inputs={**inputs, **given},
            environment=known,
            needs_inputs=needs_inputs,
        )
        return Chain(described, environment=environment, plugins=plugins, allow_code=allow_code)

    chain = chain_for(EMPTY, needs_inputs=False)
    chain.history()  # now is the time to say that there is none of that name
    lacks = [name for name, each in chain.file.inputs.items() if each.required and name not in inputs]

    async def answer(ctx: InteractionContext, *, inputs: Mapping[str, Any] = EMPTY) -> None:
        called = chain_for(inputs) if inputs or lacks else chain
        await play(ctx, called, Stage(called._setting(), Bounds(called.file.limits)))  # noqa: SLF001 - a part of it

    return MiniAgent(answer, alias=chain.name, description=chain.file.description)
