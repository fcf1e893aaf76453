from . import (
    pos_config,
    order_draft,
    panel,
    pos_make_payment,
    pos_order,
    pos_order_line,
    pos_receipt,
)
