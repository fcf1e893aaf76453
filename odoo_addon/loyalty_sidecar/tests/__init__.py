from . import (
    test_access,
    test_customer_form,
    test_explanation,
    test_outsiders,
    test_pos_order,
    test_pos_receipt,
    test_sidecar_client,
    test_stray_rewards,
    test_test_connection,
    test_till,
    test_translations,
)
