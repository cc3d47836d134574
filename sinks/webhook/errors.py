"""What goes wrong with webhooks: a word of a user that cannot be taken, and an attempt that failed."""

from market.errors import BarographError


class WebhookError(BarographError):
    """An endpoint or a delivery cannot be made, found or changed; the text names the way out."""


class UnknownError(WebhookError):
    """There is no such endpoint or delivery, or it is another tenant's: both are told in the same words."""


class ConflictError(WebhookError):
    """It cannot be done as things stand, such as a webhook too many."""


class DatabaseError(WebhookError):
    """The database cannot be read or written now; worth another try."""


class DeliveryError(Exception):
    """One attempt failed before there was an answer; the text goes into the log of deliveries."""


class RefusedError(DeliveryError):
    """An attempt that was not made, because its address may not be called."""
