"""A camera and its hardware encoder: the URay HTTP API in front of a real x264 RTMP publisher."""
