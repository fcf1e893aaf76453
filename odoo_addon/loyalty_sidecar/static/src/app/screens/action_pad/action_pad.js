import { RedeemButton } from "@loyalty_sidecar/app/components/redeem_button";
import { ActionpadWidget } from "@point_of_sale/app/screens/product_screen/action_pad/action_pad";
import { patch } from "@web/core/utils/patch";

patch(ActionpadWidget, {
    components: { ...ActionpadWidget.components, RedeemButton },
});
