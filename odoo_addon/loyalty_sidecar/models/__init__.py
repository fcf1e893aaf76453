from . import (
    loyalty_sidecar,
    explanation,
    pos_config,
    pos_order,
    pos_order_line,
    res_config_settings,
    res_partner,
)
