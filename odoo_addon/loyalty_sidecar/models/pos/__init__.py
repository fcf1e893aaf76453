from . import pos_config, pos_make_payment, pos_order, pos_order_line, pos_receipt
