"""Telling the sidecar what happened, after Odoo's commit and outside its request.

A sale must never wait for the sidecar nor fail because of it. What is lost here is not lost at
all: the sidecar's own sync reads the paid order with its hold and captures it.
"""

import logging
import threading

from .sidecar_client import SidecarError, SidecarRefusal

_logger = logging.getLogger(__name__)

THREAD_NAME = "loyalty_sidecar.delivery"


def deliver_in_background(client, calls):
    """Send the calls as one batch from a thread of its own. Never raises."""
    if not calls:
        return
    thread = threading.Thread(target=_deliver, args=(client, calls), name=THREAD_NAME, daemon=True)
    try:
        thread.start()
    except RuntimeError:
        _logger.warning(
            "No thread to tell the sidecar; its sync will find out by itself", exc_info=True
        )


def _deliver(client, calls):
    try:
        answers = client.call_many(calls)
    except SidecarError as error:
        _logger.info(
            "%s was not told of %s (%s); its sync will find out by itself",
            client,
            [method for method, _params in calls],
            error.kind,
        )
        return
    except Exception:
        _logger.exception("Telling %s failed; its sync will find out by itself", client)
        return
    for (method, params), answer in zip(calls, answers, strict=False):
        if isinstance(answer, SidecarRefusal):
            # E.g. a hold that had expired: the sidecar has written its exception for the manager.
            _logger.warning("%s refused %s %s: %s", client, method, params, answer)
