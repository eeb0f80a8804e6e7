-- Made from sql/install/*.sql by make: edit those.
\echo Use "CREATE EXTENSION vecprov" to load this file. \quit

