DROP TABLE future_records;
DROP TABLE odoo_places;
