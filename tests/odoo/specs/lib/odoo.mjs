/** Odoo over JSON-RPC, as an outside program sees it: for preparing a shop and for looking into it. */
export class Odoo {
    constructor({ url, database, login, password }) {
        Object.assign(this, { url, database, login, password });
    }

    /** The one that tests/odoo/specs/run started, or was given. */
    static ofEnvironment() {
        return new Odoo({
            url: process.env.LOYALTY_TEST_ODOO_URL,
            database: process.env.LOYALTY_TEST_ODOO_DATABASE,
            login: process.env.LOYALTY_TEST_ODOO_LOGIN || "admin",
            password: process.env.LOYALTY_TEST_ODOO_PASSWORD || "admin",
        });
    }

    async connect() {
        this.uid = await this.rpc("common", "authenticate", this.database, this.login, this.password, {});
        if (!this.uid) {
            throw new Error(`Odoo at ${this.url} refuses the login ${this.login} on ${this.database}`);
        }
        return this;
    }

    async rpc(service, method, ...args) {
        const response = await fetch(`${this.url}/jsonrpc`, {
            method: "POST",
            headers: { "Content-Type": "application/json" },
            body: JSON.stringify({ jsonrpc: "2.0", method: "call", id: 1, params: { service, method, args } }),
        });
        const answer = await response.json();
        if (answer.error) {
            throw new Error(`${method} ${JSON.stringify(args.slice(3))}: ${answer.error.data?.message || answer.error.message}`);
        }
        return answer.result;
    }

    call(model, method, args = [], kwargs = {}) {
        return this.rpc("object", "execute_kw", this.database, this.uid, this.password, model, method, args, kwargs);
    }

    searchRead(model, domain, fields, kwargs = {}) {
        return this.call(model, "search_read", [domain, fields], kwargs);
    }

    async create(model, values) {
        const created = await this.call(model, "create", [values]);
        return Array.isArray(created) ? created[0] : created;
    }

    setParameter(key, value) {
        return this.call("ir.config_parameter", "set_param", [key, value]);
    }
}
