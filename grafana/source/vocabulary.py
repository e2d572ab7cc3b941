"""What means the same everywhere: colours, states, scenes, thresholds, and the labels that pick series."""

from __future__ import annotations

from grafana_foundation_sdk.models import dashboard as models

from controller.decision.model import Quality, Scene

RIG = 'rig="$rig"'
EDGE = f'{RIG},site="edge"'
VPS = f'{RIG},site="vps"'

# Of what is not there a panel says so, in grey. Red is kept for "act now", and for the light of being live.
NO_DATA = "NO DATA"
GREY, GREEN, YELLOW, ORANGE, RED, BLUE, PURPLE = "#808080", "green", "yellow", "orange", "red", "blue", "purple"

# The numbers are those of the recording rules rig:vvlive_quality_state:rank and rig:vvlive_scene_shown:rank.
QUALITIES: dict[Quality, tuple[int, str]] = {
    Quality.ERROR: (1, RED),
    Quality.VERY_LOW: (2, ORANGE),
    Quality.LOW: (3, YELLOW),
    Quality.MEDIUM: (4, BLUE),
    Quality.HIGH: (5, GREEN),
    Quality.RECOVERY: (6, PURPLE),
}
SCENES: dict[Scene, tuple[int, str]] = {
    Scene.OFFLINE: (1, RED),
    Scene.AUDIO_ONLY: (2, ORANGE),
    Scene.SIMPLE: (3, YELLOW),
    Scene.MAIN: (4, GREEN),
}


def mapping(words: dict[int, tuple[str, str]]) -> models.ValueMap:
    """Numbers shown as words in colours: value -> (word, colour)."""
    shown = {
        str(value): models.ValueMappingResult(text=text, color=colour, index=index)
        for index, (value, (text, colour)) in enumerate(words.items())
    }
    return models.ValueMap(options=shown)


QUALITY = mapping({rank: (quality.value, colour) for quality, (rank, colour) in QUALITIES.items()})
SCENE = mapping({rank: (scene.value.replace("_", " "), colour) for scene, (rank, colour) in SCENES.items()})
LIVE = mapping({0: ("OFFLINE", GREY), 1: ("LIVE", RED)})
DEAD = mapping({0: ("alive", GREEN), 1: ("dead", RED)})
CARRIES = mapping({0: ("stands by", GREY), 1: ("carries", GREEN)})
WORKS = mapping({0: ("no", RED), 1: ("yes", GREEN)})
OVERRIDE = mapping({0: ("automatic", GREY), 1: ("BY HAND", PURPLE)})


def steps(base: str, *above: tuple[float, str]) -> list[models.Threshold]:
    """Thresholds: `base` from minus infinity, then each colour from its value on."""
    return [
        models.Threshold(value=None, color=base),
        *(models.Threshold(value=at, color=colour) for at, colour in above),
    ]


PLAIN = steps(GREY)
# A viewer's buffer runs dry at 2 s.
LATENESS_S = steps(GREEN, (1.0, YELLOW), (2.0, RED))
# Above 2.5 s data is late, above 8 s the controller is blind.
AGE_S = steps(GREEN, (2.5, YELLOW), (8.0, RED))
# The table of the locked policy: 2, 3 and 5 % are where it goes down.
LOSS = steps(GREEN, (0.02, YELLOW), (0.05, RED))
HEALTH = steps(RED, (0.5, ORANGE), (0.8, GREEN))
RTT_S = steps(GREEN, (0.1, YELLOW), (0.4, RED))


def fresh(expression: str) -> str:
    """`expression`, whose series keep the label rig, as long as the rig is heard of; nothing afterwards.

    Remote write leaves no mark when it stops: without this the last value would stand for five minutes.
    """
    return f"({expression}) and on (rig) rig:exporter_clock:age_seconds < 8"
