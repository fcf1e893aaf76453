{
    "name": "Loyalty Sidecar for Point of Sale",
    "summary": "Points kept by loyalty-sidecar: seen on the customer, earned and redeemed at the till",
    "version": "19.0.1.2.0",
    "category": "Sales/Point of Sale",
    "author": "loyalty-sidecar contributors",
    "license": "LGPL-3",
    "depends": ["point_of_sale"],
    "data": [
        "security/ir.model.access.csv",
        "security/loyalty_sidecar_rules.xml",
        "data/product_data.xml",
        "views/loyalty_history_action.xml",
        "views/loyalty_sidecar_views.xml",
        "views/pos_order_views.xml",
        "views/res_config_settings_views.xml",
        "views/res_partner_views.xml",
    ],
    "assets": {
        "web.assets_backend": [
            "loyalty_sidecar/static/src/common/**/*",
            "loyalty_sidecar/static/src/backend/**/*",
        ],
        "point_of_sale._assets_pos": [
            "loyalty_sidecar/static/src/common/**/*",
            "loyalty_sidecar/static/src/app/**/*",
        ],
        "web.assets_unit_tests": ["loyalty_sidecar/static/tests/unit/**/*"],
    },
    "images": ["static/description/redeem_dialog.png"],
    "application": True,
}
