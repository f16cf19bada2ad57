"""Nothing of Solara's phones home."""

import solara.checks
from solara.server import settings

import mesa_lab.app.components.chart  # noqa: F401


def test_a_notebook_sends_nothing(monkeypatch):
    # Solara is silent in tests by itself.
    monkeypatch.delenv("PYTEST_CURRENT_TEST")
    assert not settings.telemetry.mixpanel_enable
    assert not solara.checks.should_perform_jupyter_check()
    assert not solara.checks.should_perform_solara_check()
