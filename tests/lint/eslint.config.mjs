import js from "@eslint/js";
import globals from "globals";

const rules = {
    "no-unused-vars": ["error", { ignoreRestSiblings: true, argsIgnorePattern: "^_" }],
    eqeqeq: "error",
    "no-var": "error",
    "prefer-const": "error",
};

export default [
    { ignores: ["**/node_modules/**", "target/**"] },
    js.configs.recommended,
    {
        // Odoo bundles these itself, for the browsers it supports.
        files: ["odoo_addon/**/*.js"],
        languageOptions: { ecmaVersion: 2022, globals: { ...globals.browser, luxon: "readonly" } },
        rules,
    },
    {
        // Run by Node.js; what they hand to a page runs in the browser, beside Odoo.
        files: ["tests/**/*.mjs"],
        languageOptions: { ecmaVersion: 2023, globals: { ...globals.node, ...globals.browser, odoo: "readonly" } },
        rules,
    },
];
