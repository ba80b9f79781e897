DELETE FROM xcom WHERE (run_key, task_id, map_index) IN (
    SELECT t.run_key, t.task_id, t.map_index FROM {rows} AS w, task_instance AS t
    WHERE t.id = w.ti_id AND t.fence = w.expect_fence AND t.state IS NOT DISTINCT FROM w.expect_state
        AND (w.new_try > t.try_number OR w.new_state = 'removed')
)
