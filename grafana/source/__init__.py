"""The dashboards' source. `python -m grafana.source` writes them; `--check` says whether the written ones are current.

The SDK's classes for Grafana's classic dashboard model warn of a newer model when they are imported. The classic one is
what Grafana 10 to 13 read from files, so the warning is silenced here, once, before anything else imports them.
"""

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import grafana_foundation_sdk.builders.dashboard
    import grafana_foundation_sdk.builders.prometheus  # noqa: F401 - imported for its warning
