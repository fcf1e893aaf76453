DROP TABLE held_withdrawals;
