"""VVLIVE's own encoder: takes a camera or another encoder's stream in, x264 out, bitrate and size changed live.

For boxes that cannot change their settings while they stream: let them send a fixed high bitrate over
the cable to this one. Runs under the system's Python, which owns the GStreamer bindings:

    /usr/bin/python3 -m deploy.encoder --publish-url-file FILE --socket PATH [--source ...]

On the socket it answers the questions of `controller/adapters/json_verbs/messages.py`, a line each.
"""
