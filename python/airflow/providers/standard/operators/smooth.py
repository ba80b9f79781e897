"""A task for fun."""

from __future__ import annotations

from typing import Any

from airflow.sdk.bases.operator import BaseOperator


class SmoothOperator(BaseOperator):
    """Logs a link to Sade's song of that name."""

    ui_color = "#e8f7e4"
    yt_link: str = "https://www.youtube.com/watch?v=4TYv2PhG89A"

    def execute(self, context: Any) -> None:
        """Log the link."""
        self.log.info("Enjoy Sade - Smooth Operator: %s", self.yt_link)
