#!/bin/sh
# Run once by the image of PostgreSQL, when it makes its data folder: the platform's own role, which
# owns its database and may nothing else.
set -eu
psql --set ON_ERROR_STOP=1 --set password="$APP_PASSWORD" --username "$POSTGRES_USER" <<'SQL'
CREATE ROLE minigiants LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'password';
CREATE DATABASE minigiants OWNER minigiants;
REVOKE CONNECT ON DATABASE minigiants FROM PUBLIC;
SQL
