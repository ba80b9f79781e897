"""Run by the Python of a real Airflow: puts connections, variables, pools, users and rights into its database."""

import json
import sys
from datetime import datetime, timedelta, timezone

from airflow import settings
from airflow.models import Connection, Pool, Variable
from airflow.version import version

VERSION = tuple(int(part) for part in version.split(".")[:2])


def main():
    """Everything but runs."""
    if settings.Session is None:
        settings.initialize()
    session = settings.Session()
    session.query(Connection).filter(Connection.conn_id.in_(["shop_db", "shop_odd", "shop_bare"])).delete(
        synchronize_session=False
    )
    odd = json.dumps(
        {"key": 'a "quoted" ü\n%s', "nested": {"list": [1, None, True]}, "path": "c:\\x"}, ensure_ascii=False
    )
    session.add(
        Connection(
            conn_id="shop_db",
            conn_type="postgres",
            host="db.example",
            schema="shop",
            login="ann",
            password="p@ss/w:rd ü%",
            port=5433,
            extra='{"sslmode": "disable"}',
        )
    )
    session.add(Connection(conn_id="shop_odd", conn_type="http", host="https://api.example/v1?x=1", extra=odd))
    session.add(Connection(conn_id="shop_bare", conn_type="fs"))
    deferred = {"include_deferred": False} if hasattr(Pool, "include_deferred") else {}
    session.query(Pool).filter(Pool.pool == "shop_pool").delete()
    session.add(Pool(pool="shop_pool", slots=3, description="tills", **deferred))
    session.query(Pool).filter(Pool.pool == "default_pool").update({"slots": 17})
    session.commit()
    Variable.set("shop_plain", "text with ü and 'quotes'")
    Variable.set("shop_json", {"a": [1, 2], "b": None}, serialize_json=True)
    Variable.set("shop_secret_key", "hunter2")
    if VERSION < (2, 0):
        people_of_1()
    elif VERSION < (3, 0):
        people_of_2()
        runs_of_2()
    else:
        people_of_3()


def people_of_1():
    """A role of its own with rights to two DAGs, in the words of 1.10; the command line makes the users."""
    from airflow.www_rbac.app import cached_appbuilder

    manager = cached_appbuilder().sm
    manager.add_role("analyst")
    manager.sync_perm_for_dag("shop_orders", {"analyst": {"can_dag_read"}})
    manager.sync_perm_for_dag("shop_quiet", {"analyst": {"can_dag_edit"}})


def people_of_2():
    """The same by the security manager that 2.x has in its web server."""
    from airflow.www.app import cached_app

    app = cached_app()
    with app.app_context():
        people(app.appbuilder.sm)


def people_of_3():
    """The same by the security manager of the FAB provider."""
    from airflow.providers.fab.auth_manager.cli_commands.utils import get_application_builder

    with get_application_builder() as builder:
        people(builder.sm)


def people(manager):
    """Two users and a role."""
    role = manager.add_role("analyst")
    for dag_id, action in (("shop_orders", "can_read"), ("shop_quiet", "can_edit")):
        manager.add_permission_to_role(role, manager.create_permission(action, "DAG:" + dag_id))
    manager.add_permission_to_role(role, manager.create_permission("can_read", "Variables"))
    for name, last, of in (("ann", "Lee", "Admin"), ("bob", "Ray", "analyst")):
        assert manager.add_user(
            name, name.title(), last, name + "@example.org", manager.find_role(of), password=name + "-secret"
        )


def runs_of_2():
    """Runs in this very process (the executor is DebugExecutor): enough to leave real rows behind."""
    from airflow.models import DagBag, DagModel
    from airflow.utils.state import DagRunState
    from airflow.utils.types import DagRunType

    bag = DagBag(read_dags_from_db=False)
    assert not bag.import_errors, bag.import_errors
    bag.sync_to_db()
    conf = {"who": "me", "n": [1, 2.5]}
    day = datetime(2021, 3, 2, tzinfo=timezone.utc)
    for dag_id in ("shop_orders", "shop_quiet", "shop_mapped", "shop_stock"):
        if dag_id in bag.dags:
            last = day + timedelta(days=1 if dag_id == "shop_orders" else 0)
            try:
                bag.dags[dag_id].run(start_date=day, end_date=last, conf=conf)
            except Exception as error:  # a backfill with failed tasks ends with an error
                sys.stderr.write("%s: %s\n" % (dag_id, str(error)[:200]))
    day = datetime(2021, 4, 1, tzinfo=timezone.utc)
    bag.dags["shop_quiet"].create_dagrun(
        run_id="manual_left",
        run_type=DagRunType.MANUAL,
        execution_date=day,
        data_interval=(day, day),
        state=DagRunState.QUEUED,
        conf=conf,
        external_trigger=True,
    )
    for dag_id in ("shop_orders", "shop_quiet"):
        DagModel.get_dagmodel(dag_id).set_is_paused(False)


if __name__ == "__main__":
    main()
    sys.stdout.write("seeded %s\n" % version)
