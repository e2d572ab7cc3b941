"""Oracle results kept between runs, outside of the repository: they cost most and never change.

The key is the content: the pair's rates, what was asked, and the source of the oracle and of all of the
project that it imports. A changed model therefore never meets an old answer.
"""

from __future__ import annotations

import ast
import hashlib
import json
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict
from functools import cache
from itertools import accumulate
from pathlib import Path
from typing import Any

from tests.bench import oracle
from tests.bench.link import Transport
from tests.bench.running import Result
from tests.bench.score import Measures, Reaction
from tests.bench.simulation import ChangeCost
from tests.bench.traces import Pair

_ROOT = Path(oracle.__file__).parents[2]


def cache_dir(environment: Mapping[str, str]) -> Path:
    """Where results are kept: `$XDG_CACHE_HOME/vvlive/bench`, or below `~/.cache`."""
    base = environment.get("XDG_CACHE_HOME") or str(Path(environment.get("HOME", "/tmp")) / ".cache")  # noqa: S108 - without a home there is no better place for what can be computed again
    return Path(base) / "vvlive" / "bench"


@cache
def source_digest() -> str:
    """A hash of the source that computes an oracle's result."""
    content = hashlib.sha256()
    for path in sorted(sources(oracle.__name__)):
        content.update(path.read_bytes())
    return content.hexdigest()


def sources(module: str) -> set[Path]:
    """The files of `module` and of all of the project that it imports, directly or not."""
    found: set[Path] = set()
    waiting = [module]
    while waiting:
        path = _file(waiting.pop())
        if path is not None and path not in found:
            found.add(path)
            waiting += _named(ast.parse(path.read_bytes()))
    return found


def _file(name: str) -> Path | None:
    """The file of one of the project's modules or packages; None for any other name."""
    base = _ROOT.joinpath(*name.split("."))
    return next((path for path in (base.with_suffix(".py"), base / "__init__.py") if path.is_file()), None)


def _named(tree: ast.Module) -> list[str]:
    """What a source imports, each with the packages around it; a name out of a package may be a module, too."""
    names: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return [whole for name in names for whole in accumulate(name.split("."), "{}.{}".format)]


def cached(
    name: str,
    pair: Pair,
    transport: Transport,
    cost: ChangeCost,
    *,
    directory: Path,
    compute: Callable[[], Result],
) -> Result:
    """The stored result, or the one that `compute` gives, which is then stored."""
    asked = f"{name}|{pair.digest()}|{transport.value}|{cost.value}|{source_digest()}"
    path = directory / f"{hashlib.sha256(asked.encode()).hexdigest()}.json"
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        return _read(stored, pair)
    except (OSError, ValueError, KeyError, TypeError):
        result = compute()
    with suppress(OSError):  # what cannot be kept is computed again
        directory.mkdir(parents=True, exist_ok=True)
        half = path.with_suffix(f".{os.getpid()}")
        half.write_text(json.dumps(asdict(result.measures)), encoding="utf-8")
        half.replace(path)
    return result


def _read(stored: dict[str, Any], pair: Pair) -> Result:
    reaction = stored.pop("reaction")
    kept = Reaction(tuple(reaction["times_s"]), int(reaction["never"]))
    return Result(pair.name, pair.stratum, Measures(**stored, reaction=kept))
