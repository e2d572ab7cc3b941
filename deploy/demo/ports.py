"""Where each part of the demo listens, inside its own host; and where a browser finds it from outside.

Rig and server are hosts of their own, so the usual ports are free in both.
"""

from __future__ import annotations

# on both hosts
PROMETHEUS = 9090
CONTROLLER = 8000
MPTCP_EXPORTER = 12751
SRTLA_EXPORTER = 12753

# rig
ENCODER = 8081
RIG_RTMP = 1935
RIG_SRT = 5000
RIG_REMOTE_WRITE = 9091
RIG_LINK = 8446
GUARD = 12755

# server
BOND_RTMP = 8443
BOND_REMOTE_WRITE = 8444
BOND_LINK = 8447
GUARD_RESPONDER = 8445
BOND_SRTLA = 5000
SRT_SERVER = 5001
INGEST_RTMP = 1935
PLATFORM_RTMP = 1936
INGEST_STAT = 8080
INGEST_EXPORTER = 12752
OBS_WEBSOCKET = 4455

# what a browser on this machine opens; chosen high, and moved by --port-base
OUTSIDE_BASE = 21780
