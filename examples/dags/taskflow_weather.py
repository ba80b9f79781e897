"""TaskFlow: plain Python functions become tasks, their results travel as XComs."""

from __future__ import annotations

from datetime import datetime

from airflow.sdk import dag, task


@dag(
    schedule="0 6 * * *",
    start_date=datetime(2024, 1, 1),
    catchup=False,
    tags=["example", "taskflow"],
    params={"city": "Lisbon"},
)
def taskflow_weather():
    """Measures, converts and reports a week of temperatures. Trigger it with another `city`."""

    @task
    def measure() -> list[float]:
        return [17.5, 18.0, 21.2, 19.9, 16.4, 18.8, 20.3]

    @task(multiple_outputs=True)
    def summarize(celsius: list[float]) -> dict[str, float]:
        return {"coldest": min(celsius), "warmest": max(celsius), "mean": sum(celsius) / len(celsius)}

    @task
    def report(coldest: float, warmest: float, mean: float, params: dict | None = None) -> str:
        text = f"{params['city']}: {coldest:.1f} to {warmest:.1f} °C, {mean:.1f} °C on average"
        print(text)
        return text

    week = summarize(measure())
    report(week["coldest"], week["warmest"], week["mean"])


taskflow_weather()
