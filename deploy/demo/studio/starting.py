"""How Xvfb and OBS are started and stopped.

Xvfb   ready when its socket exists; stop with SIGTERM, after OBS
OBS    ready when the websocket port accepts (0.5 to 3 s); stop with SIGTERM, which ends it at once.
       Its orderly exit on SIGINT takes 1 to 5 s, and now and then hangs or crashes; what that would
       save, the scene collection, is rendered anew for each demo. OBS exits with 0 also when it
       fails at once for want of a display, so any end that was not asked for is a failure.
"""

from __future__ import annotations

from pathlib import Path

SOCKETS = Path("/tmp/.X11-unix")  # noqa: S108 - X's own convention
LOCKS = Path("/tmp")  # noqa: S108 - idem
FIRST_DISPLAY, DISPLAYS = 90, 100


class NoDisplayError(Exception):
    """Every display number that may be used is taken."""


def socket_of(display: int) -> Path:
    """The socket that exists while an X server serves the display."""
    return SOCKETS / f"X{display}"


def free_display(*, locks: Path = LOCKS) -> int:
    """A display number that no X server uses; a lock left behind by a killed server counts as use.

    Raises:
        NoDisplayError: naming the range that was tried.
    """
    for display in range(FIRST_DISPLAY, FIRST_DISPLAY + DISPLAYS):
        if not (locks / f".X{display}-lock").exists() and not (locks / ".X11-unix" / f"X{display}").exists():
            return display
    last = FIRST_DISPLAY + DISPLAYS - 1
    raise NoDisplayError(f"displays :{FIRST_DISPLAY} to :{last} are all taken: remove stale {locks}/.X*-lock files")


def xvfb_argv(display: int) -> tuple[str, ...]:
    """A screen just large enough for OBS's window, without a network port."""
    return ("Xvfb", f":{display}", "-screen", "0", "1024x768x24", "-nolisten", "tcp")


def obs_argv() -> tuple[str, ...]:
    """OBS, streaming from the start; its configuration is found through the environment."""
    return ("obs", "--multi", "--disable-missing-files-check", "--websocket_ipv4_only", "--startstreaming")


def obs_environment(directory: Path, display: int) -> dict[str, str]:
    """What OBS needs to find its configuration, its screen and a renderer without a graphics card."""
    return {
        "DISPLAY": f":{display}",
        "HOME": str(directory),
        "XDG_CONFIG_HOME": str(directory),
        "XDG_CACHE_HOME": str(directory / "cache"),
        "XDG_RUNTIME_DIR": str(directory),
        "LIBGL_ALWAYS_SOFTWARE": "1",
        "LP_NUM_THREADS": "1",  # at 640x360 more threads of the software renderer only wake each other up
        "QT_QPA_PLATFORM": "xcb",
    }
