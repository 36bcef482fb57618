#!/bin/sh
# Entry point of the PostgreSQL image that is built from Debian's packages. The first start makes the database that the
# variables POSTGRES_USER, POSTGRES_DB, POSTGRES_PASSWORD_FILE and POSTGRES_INITDB_ARGS describe, and then runs the scripts
# in /docker-entrypoint-initdb.d, as the official image does. A first start that is cut off begins anew.
set -eu

if [ "${1:-}" != postgres ] || [ -s "$PGDATA/PG_VERSION" ]; then
  exec "$@"
fi

: "${POSTGRES_PASSWORD_FILE:?names the file with the password of the first user, and is not set}"
user=${POSTGRES_USER:-postgres}
database=${POSTGRES_DB:-$user}
new=$PGDATA.unfinished

rm -rf "$new"
# shellcheck disable=SC2086 # the arguments are words
initdb --pgdata="$new" --username="$user" --pwfile="$POSTGRES_PASSWORD_FILE" --auth-local=trust --auth-host=scram-sha-256 ${POSTGRES_INITDB_ARGS:-}
echo "host all all all scram-sha-256" >> "$new/pg_hba.conf"
pg_ctl --pgdata="$new" --options="-c listen_addresses=''" --wait --silent start
[ "$database" = postgres ] || createdb --username="$user" "$database"
for script in /docker-entrypoint-initdb.d/*.sh; do
  if [ -f "$script" ]; then
    # shellcheck disable=SC1090 # whatever is mounted there
    . "$script"
  fi
done
pg_ctl --pgdata="$new" --wait --mode=fast --silent stop
mv "$new" "$PGDATA"
exec "$@"
