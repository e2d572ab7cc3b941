"""Buttons that overrule automation: requests to the controller, through Grafana's proxy, after a confirmation."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.builders import table
from grafana_foundation_sdk.models import dashboard as models

from grafana.source.panels import Column, grid
from grafana.source.vocabulary import OVERRIDE, RIG

# The data source of this uid holds the controller's token; Grafana refuses the request unless actions_allow_post_url
# names its path, and shows the button to editors only.
CONTROLLER = "/api/datasources/proxy/uid/vvlive-controller"
OVERRIDES = f"{CONTROLLER}/api/override"
# Like that of the controller's page: long enough for a street crossing, short enough to be forgotten.
_FOR_S = 600


@dataclass(frozen=True, slots=True)
class Order:
    """One button: what it says, what it asks before, and what it orders; {} ends the override."""

    title: str
    question: str
    order: dict[str, Any] = field(default_factory=dict)

    @property
    def body(self) -> str:
        """The request's body."""
        if not self.order:
            return ""
        return json.dumps({"reason": f"Grafana: {self.title}", "for_s": _FOR_S} | self.order)


ORDERS = (
    Order("Simple scene", "Put OBS on the simple scene for 10 minutes?", {"emergency": True}),
    Order("Audio only", "Send sound only for 10 minutes?", {"audio_only": True}),
    Order("Lower", "Hold the quality at LOW for 10 minutes?", {"state": "LOW"}),
    Order("Hold", "Change nothing for 10 minutes?", {"hold": True}),
    Order("Automatic", "End the override and let automation drive?"),
)


def _action(order: Order) -> builders.Action:
    method = models.HttpRequestMethod.POST if order.order else models.HttpRequestMethod.DELETE
    request = builders.FetchOptions().method(method).url(OVERRIDES).headers([["Content-Type", "application/json"]])
    if order.body:
        request = request.body(order.body)
    return (
        builders.Action().type(models.ActionType.FETCH).title(order.title).confirmation(order.question).fetch(request)
    )


def buttons(*, span: int = 12, height: int = 6) -> table.Panel:
    """One row that says whether an override is in force, and a cell with the buttons."""
    description = (
        "Orders to the controller. Each asks first and ends by itself after 10 minutes. You see the buttons if you may "
        "edit this folder; else use the controller's page, linked above. The first column shows whether it took."
    )
    panel = grid(
        "Overrule automation",
        description,
        [
            Column("In force", f"max by (rig) (vvlive_override_active{{{RIG}}})", mapping=OVERRIDE),
            Column("Orders", f"max by (rig) (vvlive_override_active{{{RIG}}})"),
        ],
        span=span,
        height=height,
    )
    actions = [models.DynamicConfigValue(id_val="custom.cellOptions", value={"type": "actions"})]
    return panel.actions([_action(order) for order in ORDERS]).override_by_name("Orders", actions)
