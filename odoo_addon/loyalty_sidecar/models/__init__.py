from . import (
    loyalty_sidecar,
    explanation,
    pos_config,
    pos_make_payment,
    pos_order,
    pos_order_line,
    pos_receipt,
    res_config_settings,
    res_partner,
)
