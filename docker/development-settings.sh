#!/bin/sh
# eval "$(docker/development-settings.sh)": the settings by which an API and a worker of the clone reach the parts of
# docker/compose.development.yml.
set -eu
secrets=${SLIPWAY_SECRETS:-$(cd "$(dirname "$0")/.." && pwd)/secrets}
cat <<SETTINGS
export DATABASE_URL=postgresql://slipway:$(cat "$secrets/database-password")@127.0.0.1:${POSTGRES_PORT:-5432}/slipway
export REDIS_URL=redis://:$(sed 's/^requirepass //' "$secrets/redis.conf")@127.0.0.1:${REDIS_PORT:-6379}
export SLIPWAY_S3_BUCKET=slipway SLIPWAY_S3_ENDPOINT=http://127.0.0.1:${S3_PORT:-9000}
export AWS_SHARED_CREDENTIALS_FILE=$secrets/s3-credentials
export SLIPWAY_REGISTRY=127.0.0.1:${REGISTRY_PORT:-5000}
export SLIPWAY_SECRET_KEY_FILE=$secrets/secret-key
SETTINGS
