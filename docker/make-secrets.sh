#!/bin/sh
# docker/make-secrets.sh [folder]: makes what docker-compose.yml reads from secrets/, each by chance. What is there stays.
#
# Nobody but you reaches the folder; its files are readable in the containers, whose users are others than you.
set -eu
folder=${1:-$(dirname "$0")/../secrets}
umask 077
mkdir -p "$folder"
cd "$folder"

# 32 bytes by chance, in hexadecimal: they stand in URLs and in configuration files as they are.
chance() { od -A n -t x1 -N 32 /dev/urandom | tr -d ' \n'; }

# keep <name>: what is on standard input becomes that file, unless there is one.
keep() {
  if [ -e "$1" ]; then cat >/dev/null; return; fi
  cat >"$1.new"
  chmod 444 "$1.new"
  mv "$1.new" "$1"
}

chance | keep database-password
chance | keep s3-password
chance | cut -c 1-20 | keep s3-user
chance | keep secret-key
if [ ! -e redis.conf ]; then echo "requirepass $(chance)" | keep redis.conf; fi

echo "postgresql://slipway:$(cat database-password)@postgres/slipway" | keep database-url
echo "redis://:$(sed 's/^requirepass //' redis.conf)@redis" | keep redis-url
printf '[default]\naws_access_key_id = %s\naws_secret_access_key = %s\n' "$(cat s3-user)" "$(cat s3-password)" | keep s3-credentials
echo "secrets are in $(pwd): keep a copy of secret-key apart from the database's backups"
