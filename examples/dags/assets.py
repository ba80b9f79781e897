"""Assets: one DAG updates data, another runs because of it, and looks at what was said about the update."""

from datetime import datetime

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, Asset, task

orders = Asset("orders", uri="file:///tmp/orders.csv")
customers = Asset("customers", uri="file:///tmp/customers.csv")

with DAG("asset_producer", schedule="@daily", start_date=datetime(2024, 1, 1), catchup=False, tags=["example", "assets"]):

    @task(outlets=[orders])
    def write_orders(*, outlet_events):
        outlet_events[orders].extra = {"rows": 3}

    BashOperator(task_id="write_customers", bash_command="echo 'two customers'", outlets=[customers])
    write_orders()

with DAG("asset_consumer", schedule=orders & customers, catchup=False, tags=["example", "assets"]):

    @task
    def report(*, triggering_asset_events):
        for asset, events in triggering_asset_events.items():
            for event in events:
                print(f"{asset.name}: {event.extra} from {event.source_dag_id}.{event.source_task_id}")

    report()
