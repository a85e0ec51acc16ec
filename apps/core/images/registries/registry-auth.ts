export const registryAuths = ["anonymous", "password", "docker-config", "ecr", "google", "azure"] as const;

/** Where a registry's login comes from: from who set the registry up (`password`), from docker's own file and helpers, or
 *  from the chain of a cloud, which is its variables, files and roles. */
export type RegistryAuth = (typeof registryAuths)[number];
