"""The worker: takes evaluations off its queue, has them run or scored, and reports.

Started by `celery -A evaluator.worker worker` with nothing but environment variables
(`evaluator.worker.config`). It knows the broker's address, the platform's URL and one
credential; it never holds a database's, and a predict worker never sees a label.

`celery` is the application, `runtime` what lives as long as the process, `attempt` the way of
one evaluation from claim to report, `predict` and `score` its two kinds of work.
"""
