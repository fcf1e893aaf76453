from . import (
    test_access,
    test_customer_form,
    test_explanation,
    test_outsiders,
    test_pos_order,
    test_sidecar_client,
    test_test_connection,
    test_till,
    test_translations,
)
