"""What can be wrong with webhooks."""

from minigiants.core.problems import Conflict, InvalidInput


class InvalidWebhook(InvalidInput):
    code = "invalid_webhook"
    title = "This can't be a webhook"


class TooManyWebhooks(Conflict):
    code = "too_many_webhooks"
    title = "There are as many webhooks as there may be"
    mend = "Delete one that is not needed any more."


class WebhookDisabled(Conflict):
    code = "webhook_disabled"
    title = "This webhook is switched off"
    mend = "Switch it on first."
