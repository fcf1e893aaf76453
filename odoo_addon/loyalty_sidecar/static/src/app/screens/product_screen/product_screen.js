import { ProductScreen } from "@point_of_sale/app/screens/product_screen/product_screen";
import { patch } from "@web/core/utils/patch";

// Odoo chooses the customer whose barcode begins as its nomenclature says ("042" as it comes). Cards have numbers of
// their own, which it takes for products: what is no product, but a customer's barcode, chooses that customer.
patch(ProductScreen.prototype, {
    async _barcodeProductAction(code) {
        if (!(await this._getProductByBarcode(code)) && (await this.loyaltyCustomerOf(code))) {
            return this._barcodePartnerAction(code);
        }
        return super._barcodeProductAction(...arguments);
    },

    async loyaltyCustomerOf(code) {
        try {
            return await this._getPartnerByBarcode(code);
        } catch {
            return null; // Offline, it is what Odoo says it is: unknown.
        }
    },
});
