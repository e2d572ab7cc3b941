"""Alertmanager's webhook payload, version 4, as far as we read it.

Unknown fields are passed over, since they come with minor releases; another version is refused.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

MAX_ALERTS = 1_000
Short = Annotated[str, Field(max_length=1_000)]


class Alert(BaseModel):
    """One alert of a notification. `fingerprint` is the hash of its labels."""

    model_config = ConfigDict(frozen=True)

    status: Literal["firing", "resolved"]
    labels: dict[Short, Short]
    annotations: dict[Short, str] = {}
    startsAt: AwareDatetime  # noqa: N815 - the name is Alertmanager's
    fingerprint: Annotated[str, Field(min_length=1, max_length=64)]

    @property
    def name(self) -> str:
        """The alert's name; empty where it has none."""
        return self.labels.get("alertname", "")

    @property
    def started_s(self) -> float:
        """When it began to fire, seconds since the epoch."""
        return self.startsAt.timestamp()


class Notification(BaseModel):
    """One notification: alerts of one group."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={
            "examples": [
                {
                    "version": "4",
                    "groupKey": '{}:{alertname="IngestGone"}',
                    "status": "firing",
                    "receiver": "vvlive",
                    "alerts": [
                        {
                            "status": "firing",
                            "labels": {"alertname": "IngestGone", "rig": "my-rig"},
                            "annotations": {"summary": "Nothing arrives."},
                            "startsAt": "2026-11-01T10:00:00Z",
                            "endsAt": "0001-01-01T00:00:00Z",
                            "fingerprint": "a1b2c3d4e5f60718",
                        }
                    ],
                }
            ]
        },
    )

    version: Literal["4"]
    alerts: Annotated[list[Alert], Field(max_length=MAX_ALERTS)]
