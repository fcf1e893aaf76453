-- Written to see whether the database can be written: /readyz asks that way.
CREATE TABLE readiness (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    asked_at_us BIGINT NOT NULL,
    times BIGINT NOT NULL
);
INSERT INTO readiness (id, asked_at_us, times) VALUES (1, 0, 0);
