"""A described file becomes steps with speakers in them.

In: what a file says, plugins. Out: `Speaker`s by name, the flow. Never: a run, YAML.
"""

import inspect
import json
from collections import ChainMap
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from ..errors import MiniagentsError, SettingsError
from ..miniagents import MiniAgent
from ..plugins.choosing import Choice, choose, fits, wanted
from .faults import nearest
from .speakers import Asked, Model, Other, Speaker

if TYPE_CHECKING:
    from ..ext.llm.schema import Schema
    from ..plugins import Plugins
    from .chain_file import Described
    from .code import Code
    from .schema import AgentSpec

__all__ = ["Cast"]

_LONGEST: Final = "max_tokens"
_TAKEN: Final = frozenset({"alias", "description", "errors_as_messages", "keep", "self", "timeout_s"})
"""What means something else where an agent is forked or called."""


class Cast:
    """The agents of a file."""

    def __init__(  # noqa: PLR0913 - by name
        self,
        described: "Described",
        plugins: "Plugins",
        *,
        environment: Mapping[str, str],
        code: "Callable[[], Code]",
        allow_code: bool,
        model: str | None = None,
        model_from: str = "",
        terms: Mapping[str, Any] | None = None,
    ) -> None:
        self._described = described
        self._plugins = plugins
        self._environment = environment
        self._code = code
        self._allow_code = allow_code
        self._default = (model, model_from)
        self._terms = terms or {}
        self.speakers: dict[str, Speaker] = {}
        """By name."""
        for name in described.file.agents:
            self._speaker(name)

    def _speaker(self, name: str) -> Speaker:
        if name not in self.speakers:
            spec = self._described.file.agents[name]
            if spec.plugin is not None:
                self.speakers[name] = Other(name, self._of_plugin(name, spec.plugin, spec), spec.timeout)
            elif spec.python is not None:
                self.speakers[name] = Other(name, self._of_python(name, spec.python, spec), spec.timeout)
            else:
                self.speakers[name] = self._model(name, spec)
        return self.speakers[name]

    # ----------------------------------------------------- other agents

    def _of_plugin(self, name: str, plugin: str, spec: "AgentSpec") -> MiniAgent:
        agents = self._plugins.agents
        if plugin not in agents:
            self._refuse(("agents", name, "plugin"), f"no plugin has an agent {plugin}", nearest(plugin, agents))
        return self._with(name, agents[plugin], spec)

    def _of_python(self, name: str, told: str, spec: "AgentSpec") -> MiniAgent:
        agent = self._imported(("agents", name, "python"), told)
        if not isinstance(agent, MiniAgent):
            self._refuse(("agents", name, "python"), f"{told} is no agent", "mark its function with @miniagent")
        return self._with(name, agent, spec)

    def _with(self, name: str, agent: MiniAgent, spec: "AgentSpec") -> MiniAgent:
        given = self._described.opened(spec.with_)
        parameters = inspect.signature(agent._function).parameters  # noqa: SLF001 - nobody else wants to know it
        takes_any = any(each.kind is inspect.Parameter.VAR_KEYWORD for each in parameters.values())
        known = [*parameters][1:]
        for each in given:
            if each in _TAKEN or (not takes_any and each not in known):
                keys = ("agents", name, "with", each)
                self._refuse(keys, f"the agent has no parameter {each}", nearest(each, known, "leave it out"))
        for each in known:
            if _must_be_given(parameters[each]) and each not in {**agent.parameters, **given}:
                self._refuse(("agents", name), f"the agent needs {each}", f"write `with: {{{each}: …}}` in it")
        return agent.fork(alias=name, description=spec.description or None, **given)

    def _imported(self, keys: tuple[str | int, ...], told: str) -> Any:
        try:
            return self._code().get(told)
        except MiniagentsError as error:
            raise SettingsError(f"{self._described.where(keys)}: {error}") from error

    # ----------------------------------------------------------- models

    def _model(self, name: str, spec: "AgentSpec") -> Model:
        file = self._described.file
        timeout_s = spec.timeout if spec.timeout is not None else file.defaults.timeout
        names, where = self._names(name, spec)
        sources, functions, agents = self._tools(name, spec)
        return Model(
            name=name,
            asked=[self._asked(name, spec, each, where) for each in names],
            instructions=self._described.instructions.get(name) or "",
            description=spec.description,
            timeout_s=timeout_s,
            tools=sources,
            functions=functions,
            agents=agents,
            allow=spec.allow,
            schema=self._schema(spec),
        )

    def _names(self, name: str, spec: "AgentSpec") -> tuple[Sequence[str | None], str]:
        """Return which models an agent asks, and who said so."""
        defaults = self._described.file.defaults
        for told, keys in ((spec.model, ("agents", name, "model")), (defaults.model, ("defaults", "model"))):
            if told is not None:
                return [told] if isinstance(told, str) else told, self._described.where(keys)
        return [self._default[0]], self._default[1]

    def _asked(self, name: str, spec: "AgentSpec", told: str | None, where: str) -> Asked:
        described, defaults = self._described, self._described.file.defaults
        model = None if told is None else described.file.models.get(told)
        environment = self._environment
        options = dict(described.opened(defaults.options))
        if model is not None:
            told = model.model if model.provider is None else f"{model.provider}:{model.model}"
            options |= described.opened(model.options)
        told = None if told is None else described.opened(told)
        choice = choose(told, where, self._plugins.providers, lambda provider: provider.ready(self._unopened()))
        if model is not None and (model.base_url is not None or model.api_key is not None):
            environment = self._environment_for(choice, model.base_url, model.api_key)
        is_elsewhere = bool(environment.get(f"{choice.provider.name.upper()}_BASE_URL"))
        options |= self._options(spec, choice, is_elsewhere=is_elsewhere)
        self._check(name, choice, options, is_elsewhere=is_elsewhere)
        agent = choice.provider.agent.fork(alias=name)
        given = {"model": choice.model, "system": described.instructions.get(name), "environment": environment}
        return Asked(choice, agent.fork(**self._terms, **{**given, **options}))

    def _options(self, spec: "AgentSpec", choice: Choice, *, is_elsewhere: bool) -> dict[str, Any]:
        described, defaults = self._described, self._described.file.defaults
        options: dict[str, Any] = {}
        for key, option in (
            ("temperature", "temperature"),
            ("max_tokens", _longest(choice, is_elsewhere=is_elsewhere)),
            ("retries", "max_retries"),
        ):
            value = getattr(spec, key) if getattr(spec, key) is not None else getattr(defaults, key)
            if value is not None:
                options[option] = value
        options |= described.opened(spec.options)
        if spec.max_rounds is not None:
            options["max_rounds"] = spec.max_rounds
        return options

    def _schema(self, spec: "AgentSpec") -> "Schema | None":
        if spec.output is None:
            return None
        from .checks import schema_of  # noqa: PLC0415 - most agents have none

        return schema_of(spec.output.json_schema, self._described.folder)

    def _check(self, name: str, choice: Choice, options: Mapping[str, Any], *, is_elsewhere: bool) -> None:
        for key, value in options.items():
            option = choice.provider.options.get(key)
            if option is not None and value is not None and not fits(value, option, any_number=is_elsewhere):
                self._refuse(("agents", name), f"{key} must be {wanted(option)} for {choice}", "mend it")

    def _environment_for(self, choice: Choice, base_url: str | None, api_key: str | None) -> Mapping[str, str]:
        """Return the environment of a model with a server of its own, which is sent no key but one named with it."""
        prefix = choice.provider.name.upper()
        own: dict[str, str] = {}
        if base_url is not None:
            own = {f"{prefix}_BASE_URL": self._described.opened(base_url), f"{prefix}_API_KEY": ""}
        if api_key is not None:
            own[f"{prefix}_API_KEY"] = self._described.opened(api_key)
        return ChainMap(own, self._environment)  # type: ignore[arg-type]  # only its first map is ever written to

    def _unopened(self) -> Mapping[str, str]:
        unopened = getattr(self._environment, "unopened", None)
        return unopened() if unopened is not None else self._environment

    # ------------------------------------------------------------ tools

    def _tools(self, name: str, spec: "AgentSpec") -> tuple[list[str], list[Any], list[Speaker]]:
        """Return the sources, the functions and the agents among its tools."""
        sources: list[str] = []
        functions: list[Any] = []
        agents: list[Speaker] = []
        for number, told in enumerate(spec.tools):
            keys = ("agents", name, "tools", number)
            if isinstance(told, dict):
                [(source, argument)] = told.items()
                argument = self._described.opened(argument)
                self._check_program(keys, argument)
                text = argument if isinstance(argument, str) else json.dumps(argument)
                sources.append(f"{self._source(keys, source)}:{text}")
            elif told in self._described.file.agents:
                agents.append(self._speaker(told))
            elif told.partition(":")[0] in self._plugins.tools:
                self._check_program(keys, told.partition(":")[2])
                sources.append(told)
            elif ":" in told:
                functions.append(self._imported(keys, told))
            else:
                self._source(keys, told)
        return sources, functions, agents

    def _check_program(self, keys: tuple[str | int, ...], argument: Any) -> None:
        """See to it that no program is run because a file says so that may be a stranger's.

        What the person has named in a file of their own is theirs; a file beside this one, or a command in it, is not.
        """
        runs = argument.get("command") if isinstance(argument, Mapping) else None
        if isinstance(argument, str) and (argument.endswith(".json") or any(sign in argument for sign in "/\\{")):
            runs = argument
        if runs is not None and not self._allow_code:
            self._refuse(keys, f"this would run {runs}", "look at it, and allow it: --allow-code (allow_code=True)")

    def _source(self, keys: tuple[str | int, ...], name: str) -> str:
        if name not in self._plugins.tools:
            known: Iterable[str] = [*self._described.file.agents, *self._plugins.tools]
            self._refuse(keys, f"no agent and no source of tools is called {name}", nearest(name, known))
        return name

    def _refuse(self, keys: tuple[str | int, ...], what: str, cure: str) -> None:
        raise SettingsError(f"{self._described.where(keys)}: {what}; {cure}")


def _must_be_given(parameter: inspect.Parameter) -> bool:
    is_named = parameter.kind in (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return is_named and parameter.default is inspect.Parameter.empty


def _longest(choice: Choice, *, is_elsewhere: bool) -> str:
    """Return what the API calls the longest reply."""
    name = "max_completion_tokens"
    return name if name in choice.provider.options and not is_elsewhere else "max_tokens"
