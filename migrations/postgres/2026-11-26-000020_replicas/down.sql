DROP TABLE schema_floor;
DROP TABLE sync_passes;
DROP TABLE leases;
