/** What the Prometheus operator's CRD takes of a ServiceMonitor (monitoring.coreos.com/v1), as far as ours goes; strict:
 *  https://prometheus-operator.dev/docs/api-reference/api/#monitoring.coreos.com/v1.ServiceMonitor */
const closed = { type: "object", additionalProperties: false };
const texts = { type: "object", additionalProperties: { type: "string" } };
const duration = {
  type: "string",
  pattern: "^(0|(([0-9]+)y)?(([0-9]+)w)?(([0-9]+)d)?(([0-9]+)h)?(([0-9]+)m)?(([0-9]+)s)?(([0-9]+)ms)?)$",
};

export const serviceMonitorSchema = {
  ...closed,
  required: ["apiVersion", "kind", "metadata", "spec"],
  properties: {
    apiVersion: { const: "monitoring.coreos.com/v1" },
    kind: { const: "ServiceMonitor" },
    metadata: {
      ...closed,
      required: ["name"],
      properties: { name: { type: "string" }, namespace: { type: "string" }, labels: texts, annotations: texts },
    },
    spec: {
      ...closed,
      required: ["endpoints", "selector"],
      properties: {
        selector: { ...closed, properties: { matchLabels: texts } },
        endpoints: {
          type: "array",
          minItems: 1,
          items: {
            ...closed,
            properties: {
              port: { type: "string" },
              path: { type: "string" },
              interval: duration,
              scrapeTimeout: duration,
              scheme: { enum: ["http", "https"] },
            },
          },
        },
      },
    },
  },
};
