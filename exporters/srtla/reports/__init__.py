"""What SRTLA and SRT programs say of themselves, brought into the exporter's own terms."""
