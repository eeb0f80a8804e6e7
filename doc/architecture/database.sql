-- The database of the application: psql -f database.sql, once, as the superuser
-- on the primary. Standbys get it by replication, quotas and limits included.
CREATE ROLE app LOGIN PASSWORD 'CHANGE-app';
CREATE ROLE watcher LOGIN PASSWORD 'CHANGE-watcher' IN ROLE pg_monitor;
GRANT SET ON PARAMETER vecprov.provision TO app;
CREATE DATABASE app OWNER app;
\connect app
CREATE EXTENSION vecprov;
INSERT INTO vecprov.quotas (role, memory_bytes, units) VALUES ('app', 24e9, 6);
INSERT INTO vecprov.limits (write_bytes) VALUES (50e6);
