DROP TABLE account_transfers;
DROP TABLE partner_merges;
DROP INDEX orders_by_wallet;
ALTER TABLE orders DROP COLUMN wallet_partner_id;
