"""How the platform talks to Celery: small JSON messages, acknowledged early, no results."""

from django.conf import settings

broker_url = settings.BROKER_URL
broker_connection_retry_on_startup = True
task_default_queue = "platform"
task_serializer = "json"
accept_content = ["json"]
task_ignore_result = True
worker_prefetch_multiplier = 1
worker_enable_remote_control = False
worker_send_task_events = False
