"""How a command asks a running controller: one request, one deadline, and an exit code for each way it fails."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, NoReturn

import httpx
import typer

# What the shell is told. 2 is also typer's own code for a wrong command line.
WRONG, BAD_INPUT, NO_ANSWER, REFUSED = 1, 2, 3, 4
_DEADLINE_S = 10.0

Url = Annotated[str, typer.Option("--url", envvar="VVLIVE_URL", help="The controller's address.")]
TokenFile = Annotated[
    Path | None, typer.Option("--token-file", envvar="VVLIVE_TOKEN_FILE", help="A file that holds the token.")
]
AsJson = Annotated[bool, typer.Option("--json", help="JSON instead of words.")]
ConfigPath = Annotated[
    Path, typer.Option("--config", "-c", envvar="VVLIVE_CONFIG", help="The controller's configuration, a YAML file.")
]
DEFAULT_CONFIG = Path("/etc/vvlive/controller.yml")
DEFAULT_URL = "http://127.0.0.1:8000"


@dataclass(frozen=True, slots=True)
class Asker:
    """A controller at `url`, shown the token in `token_file`."""

    url: str
    token_file: Path | None

    def get(self, path: str, **query: Any) -> Any:  # noqa: ANN401 - any JSON
        """What stands at `path`; ends the program where it cannot be had."""
        return self._asked("GET", path, params=query)

    def post(self, path: str, body: dict[str, Any] | None = None, **query: Any) -> Any:  # noqa: ANN401 - any JSON
        """What becomes of an order; ends the program where it was not done."""
        return self._asked("POST", path, params=query, json=body)

    def delete(self, path: str) -> Any:  # noqa: ANN401 - any JSON
        """What is left; ends the program where it was not done."""
        return self._asked("DELETE", path)

    def _asked(self, method: str, path: str, **rest: Any) -> Any:  # noqa: ANN401 - any JSON
        try:
            headers = {"Authorization": f"Bearer {_token(self.token_file)}"} if self.token_file else {}
            # A proxy from the environment would be handed the token.
            with httpx.Client(timeout=_DEADLINE_S, trust_env=False, headers=headers) as client:
                answer = client.request(method, f"{self.url.rstrip('/')}{path}", **rest)
        except (httpx.UnsupportedProtocol, httpx.InvalidURL, UnicodeError, ValueError):
            fail(f"{self.url} is no address; write one like {DEFAULT_URL}", BAD_INPUT)
        except httpx.HTTPError as error:
            fail(f"no answer from {self.url} ({type(error).__name__}); is the controller running?", NO_ANSWER)
        if not answer.is_success:
            _refused(answer)
        return _json(answer)


def _refused(answer: httpx.Response) -> NoReturn:
    told = _json(answer) if "json" in answer.headers.get("content-type", "") else {}
    detail = told.get("detail") if isinstance(told, dict) else None
    code = REFUSED if answer.status_code in {401, 403} else BAD_INPUT if answer.status_code == 422 else WRONG
    hint = "; give it with --token-file" if answer.status_code == 401 else ""
    fail(f"{_words(detail) or f'HTTP {answer.status_code}'}{hint}", code)


def _json(answer: httpx.Response) -> Any:  # noqa: ANN401 - any JSON
    try:
        return answer.json()
    except ValueError:
        fail(f"what answers at {answer.url.host} is no VVLIVE controller", NO_ANSWER)


def _words(detail: object) -> str:
    if isinstance(detail, list):
        return "; ".join(f"{'.'.join(str(part) for part in one['loc'][1:])}: {one['msg']}" for one in detail)
    return str(detail or "")


def _token(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        fail(f"{path} cannot be read; give a file that holds the token", BAD_INPUT)


def fail(text: str, code: int) -> NoReturn:
    """End the program with one line and `code`."""
    typer.echo(f"vvlive: {text}", err=True)
    raise typer.Exit(code)


def show_json(value: object) -> None:
    """Print an answer as it came."""
    typer.echo(json.dumps(value, indent=2))
